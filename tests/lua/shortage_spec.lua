local support = require "support"

describe("a process of plain Lua that has no descriptor left", function()
    it("is told so, and goes on when there are some again", function()
        local url, stop_service = support.start_service()
        local path = os.tmpname()
        finally(function()
            os.remove(path)
            stop_service()
        end)
        support.write_file(path, ([[
            local client = require("wxidcard.safe").new {
                access_token = "a_canary", base_url = "%s/echo",
            }
            local picture = { img = "\255\216\255\224" }
            local taken = {}
            repeat
                local file = io.open("/dev/null")
                taken[#taken + 1] = file
            until not file
            local _, message, problem = client:recognize(picture)
            print(problem and problem.kind, message)
            for _, file in ipairs(taken) do
                file:close()
            end
            print(client:recognize(picture).type)]]):format(url))
        local said = support.output_of(
            ("sh -c 'ulimit -n 64; exec %s %s 2>&1'"):format(support.program, path))
        assert.truthy(said:find("^system\t[^\n]*descriptor[^\n]*\nFront\n$"), said)
        assert.falsy(said:find("canary", 1, true), said)
    end)
end)
