--- The client of this worker. All requests share it; all workers share its token.
local wxidcard = require "wxidcard.safe"

local account = {}

local client

local function setting(name)
    local value = os.getenv(name)
    return value ~= "" and value or nil
end

--- Makes the client, when the worker starts. What is wrong with the settings is raised here, so
-- that it stands in the log at once.
function account.open()
    -- At the log's only level; see nginx.conf.
    wxidcard.warn = function(message)
        ngx.log(ngx.ERR, message)
    end
    local appid = setting "WXIDCARD_APPID"
    client = assert(wxidcard.new{
        appid = appid,
        secret = setting "WXIDCARD_SECRET",
        access_token = setting "WXIDCARD_ACCESS_TOKEN",
        base_url = setting "WXIDCARD_BASE_URL", -- unset: the real service
        token_store = appid and ngx.shared.wxidcard_tokens, -- a token in hand is not shared
        timeout = 20000,
    })
end

--- The client; nil if it could not be made.
function account.client()
    return client
end

return account
