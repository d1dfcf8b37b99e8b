local os = require("os")

local requested = "live.huaweicloud.com/reconcile-requested-at"

if obj.metadata.annotations == nil then
  obj.metadata.annotations = {}
end
local last = obj.metadata.annotations[requested]
local handled
if obj.status ~= nil then
  handled = obj.status.lastHandledReconcileAt
end

-- Only a new value asks. Argo CD's clock counts whole seconds; a zero more in
-- the fraction is the same time, and a new value.
local second = os.date("!%Y-%m-%dT%H:%M:%S")
local fraction = ""
local value = second .. "Z"
while value == last or value == handled do
  if fraction == "" then
    fraction = "."
  end
  fraction = fraction .. "0"
  value = second .. fraction .. "Z"
end

obj.metadata.annotations[requested] = value
return obj
