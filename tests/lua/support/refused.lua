--- Calls through a client that have to be refused: those of tests/vectors/requests.json, and files
-- that are no pictures.
local cjson = require "cjson"
local play = require "support.play"
local support = require "support"
local wxidcard = require "wxidcard"

local NO_PICTURES = { "/dev/zero", "/", "/missing", support.root .. "Makefile" }

local function call(settings, given, picture)
    for name, value in pairs(given) do
        settings[name] = settings[name] or value
    end
    return wxidcard.new(settings):recognize(picture)
end

local refused = {}

--- given: settings of the client, unless a case has its own. Returns as JSON how many were made,
-- and the names of those that were not refused.
function refused.all(given)
    local made, others = 0, {}
    local function must_be_refused(name, settings, picture)
        made = made + 1
        if pcall(call, settings, given, picture) then
            others[#others + 1] = name
        end
    end
    for _, case in ipairs(support.vectors("requests")) do
        if case.expect.error and case.recognition then
            local picture = support.put_given({}, case.recognition)
            must_be_refused(case.name, play.settings_of(case), picture)
        end
    end
    for _, path in ipairs(NO_PICTURES) do
        must_be_refused(path, { access_token = "canary_token" }, { img_file = path })
    end
    return cjson.encode { made = made, others = table.concat(others, " ") }
end

--- One that is not refused.
function refused.none(given)
    local settings = { access_token = "canary_token", max_retries = 0 }
    return tostring(pcall(call, settings, given, { img = support.JPEG }))
end

return refused
