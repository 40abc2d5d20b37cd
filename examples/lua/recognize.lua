#!/usr/bin/env lua
-- Recognises pictures of ID cards, and prints a line for each: file name, tab, the card as JSON.
--
--     WXIDCARD_APPID=… WXIDCARD_SECRET=… lua recognize.lua front.jpg back.jpg
--
-- Or WXIDCARD_ACCESS_TOKEN=…, a token in hand. WXIDCARD_BASE_URL points it at a sandbox.
local cjson = require "cjson"
local wxidcard = require "wxidcard.safe"

local client = wxidcard.new {
    appid = os.getenv "WXIDCARD_APPID",
    secret = os.getenv "WXIDCARD_SECRET",
    access_token = os.getenv "WXIDCARD_ACCESS_TOKEN",
    base_url = os.getenv "WXIDCARD_BASE_URL", -- unset: the real service
}
local failed = false
for _, path in ipairs(arg) do
    local card, message, problem = client:recognize { img_file = path }
    if card then
        print(path .. "\t" .. cjson.encode(card))
    else
        io.stderr:write(path, ": ", problem.kind, ": ", message, "\n")
        failed = true
    end
end
client:close()
os.exit(failed and 1 or 0)
