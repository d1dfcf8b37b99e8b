-- Which actions on a RecordCallbackConfig make sense now. While it is suspended
-- no call is made, so a reconcile would wait for the resume.

local suspended = type(obj.spec) == "table" and obj.spec.suspend == true

return {
  suspend = {disabled = suspended, iconClass = "fa fa-fw fa-pause"},
  resume = {disabled = not suspended, iconClass = "fa fa-fw fa-play"},
  reconcile = {disabled = suspended, iconClass = "fa fa-fw fa-rotate-right"},
}
