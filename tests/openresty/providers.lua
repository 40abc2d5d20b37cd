--- Clients whose token_provider does what it may do in nginx, and what it should not. Each function
-- is given the base URL and prints what came of it.
local cjson = require "cjson"
local safe = require "wxidcard.safe"
local wxidcard = require "wxidcard"

local PICTURE = { img = "\255\216\255\224invented" }

local providers = {}

local function client_of(module, url, provider)
    return module.new { base_url = url, token_provider = provider }
end

--- Gives an old token, and a new one when it is told that the old one failed; it waits for both.
function providers.yields(url)
    local asked = {}
    local client = client_of(wxidcard, url, function(failed)
        asked[#asked + 1] = failed or "none"
        ngx.sleep(0.001)
        return failed and "new_one" or "old_one"
    end)
    local card = client:recognize(PICTURE)
    ngx.print(cjson.encode { came = card.type, asked = asked })
end

-- What is raised by the client's method, as long as anything is.
local function raised_by(module, url, provider)
    local client = client_of(module, url, provider)
    local worked, raised = pcall(function()
        local card = client:recognize(PICTURE) -- no tail call, which would have no line
        return card
    end)
    assert(not worked)
    return raised
end

--- Raises values of all kinds, before and after it has let others run. Tells which came back
-- changed.
function providers.raises(url)
    local changed, tried = {}, 0
    for _, module in ipairs { wxidcard, safe } do
        for _, raised in ipairs { {}, "a text", 17, false, print } do
            for _, pause in ipairs { 0, 0.001 } do
                tried = tried + 1
                local got = raised_by(module, url, function()
                    if pause > 0 then
                        ngx.sleep(pause)
                    end
                    error(raised, 0)
                end)
                if not rawequal(got, raised) then
                    changed[#changed + 1] = tostring(raised)
                end
            end
        end
    end
    ngx.print(cjson.encode { tried = tried, changed = table.concat(changed, " ") })
end

--- Returns what is no string, and what can be no token. Tells what is said of it.
function providers.returns(url)
    local said = {}
    for name, module in pairs { wxidcard = wxidcard, safe = safe } do
        for _, wrong in ipairs { 440524188001010014, {}, true } do
            said[name .. " " .. type(wrong)] = raised_by(module, url, function() return wrong end)
        end
        said[name .. " nil"] = raised_by(module, url, function() end)
    end
    local unfit = raised_by(safe, url, function() return "a canary\n" end)
    ngx.print(cjson.encode { said = said, unfit = unfit })
end

return providers
