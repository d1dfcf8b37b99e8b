-- The health of a RecordCallbackConfig in Argo CD, by the conditions that the
-- operator writes; docs/recordcallbackconfig.md has them all. It goes by their
-- types and not by a list of reasons, so a reason of a later version is judged
-- right too. Argo CD offers no string library here.

local function field(object, key)
  if type(object) == "table" then
    return object[key]
  end
end

local conditions = {}
local listed = field(obj.status, "conditions")
if type(listed) == "table" then
  for _, condition in ipairs(listed) do
    local kind = field(condition, "type")
    if type(kind) == "string" then
      conditions[kind] = condition
    end
  end
end

local function is(kind)
  return field(conditions[kind], "status") == "True"
end

local function says(kind)
  local reason = field(conditions[kind], "reason")
  local message = field(conditions[kind], "message")
  if type(reason) ~= "string" then
    reason = kind
  end
  if type(message) ~= "string" then
    return reason
  end
  return reason .. ": " .. message
end

local function handled()
  local generation = field(obj.metadata, "generation")
  local observed = field(obj.status, "observedGeneration")
  return conditions.Ready ~= nil and type(observed) == "number"
    and (type(generation) ~= "number" or observed >= generation)
end

local function assess()
  if not handled() then
    return "Progressing", "The operator has not handled the resource as it now stands."
  end
  if is("Suspended") then
    if is("Ready") then
      return "Suspended", says("Suspended")
    end
    return "Suspended", says("Suspended") .. " Ready is not True, " .. says("Ready")
  end
  if is("Ready") then
    return "Healthy", says("Ready")
  end
  -- Nobody but a person can end either.
  if is("Stalled") or is("Drifted") then
    return "Degraded", says("Ready")
  end
  return "Progressing", says("Ready")
end

local health = {}
health.status, health.message = assess()
if field(obj.metadata, "deletionTimestamp") ~= nil then
  if field(conditions.Ready, "reason") ~= "DeletionBlocked" then
    -- The conditions are of the time before.
    health.status, health.message = "Progressing", "The resource is being deleted."
  end
  -- Without it Argo CD shows no more than that a deletion is pending. Versions
  -- before 3.6 do so in any case.
  health.deletionMessage = health.message
end
return health
