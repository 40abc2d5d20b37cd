#!/usr/bin/env lua
-- Recognises pictures of ID cards, and prints a line for each: file name, tab, the card as JSON.
--
--     WXIDCARD_ACCESS_TOKEN=… lua recognize.lua front.jpg back.jpg
local cjson = require "cjson"
local wxidcard = require "wxidcard.safe"

local client = wxidcard.new {
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
