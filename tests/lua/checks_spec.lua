-- The checks and masks from Lua: arguments, reports, errors. tests/vectors has the values.
local cjson = require "cjson"
local core = require "wxidcard.core"
local refusal = require "support.refusal"
local support = require "support"

local modules = { wxidcard = require "wxidcard", safe = require "wxidcard.safe" }
local NUMBER, OLD_NUMBER, TODAY = "11010519491231002X", "110105491231002", "2026-11-24"
local FIELDS = { "type", "name", "gender", "nationality", "birth", "addr", "id", "valid_date" }

local function with(card, name, value)
    local copy = {}
    for key, member in pairs(card) do
        copy[key] = member
    end
    copy[name] = value
    return copy
end

local FRONT = {
    type = "Front", name = "张三", id = NUMBER, addr = "北京市朝阳区建国路1号", gender = "女",
    nationality = "汉", birth = "1949-12-31",
}
local BACK = { type = "Back", valid_date = "20160101-长期" }

-- What is no text and no null in a card.
local OTHERS = { 7, 1.5, true, false, {}, print, io.stdout, coroutine.create(function() end) }

local function codes(report)
    local found = {}
    for _, finding in ipairs(report.findings) do
        found[#found + 1] = finding.code
    end
    return table.concat(found, " ")
end

-- What is raised has the parts in it, and nothing of a card.
local function assert_refuses(parts, f, ...)
    local message = refusal.of(f, ...)
    for _, part in ipairs(parts) do
        assert.truthy(message:find(part, 1, true), message)
    end
    for _, secret in ipairs { "canary", "张", "110105" } do
        assert.falsy(message:find(secret, 1, true), message)
    end
end

-- The names in a table, in alphabetical order.
local function names(value)
    local found = {}
    for name in pairs(value) do
        found[#found + 1] = name
    end
    table.sort(found)
    return table.concat(found, " ")
end

for name, module in pairs(modules) do
    describe(name, function()
        it("reports on a number", function()
            local report, nothing = module.check_id(NUMBER, TODAY)
            assert.is_nil(nothing)
            assert.same({
                valid = true, birth = "1949-12-31", sex = "女", province = "北京市",
                candidates = {}, findings = {},
            }, report)
            report = module.check_id("110105194912310028", TODAY)
            assert.is_false(report.valid)
            assert.same({ NUMBER }, report.candidates)
            assert.equal("id_checksum", codes(report))
            assert.equal("code field level message message_zh", names(report.findings[1]))
            assert.equal("hong_kong", module.check_id("810000199408230021", TODAY).permit)
        end)

        it("takes any string for a number, to its end", function()
            for _, number in ipairs {
                "", "0", "\0", NUMBER .. "\0", NUMBER .. "\0" .. NUMBER, "\255\254", "canary",
                NUMBER:lower(), ("1"):rep(100000),
            } do
                local report = module.check_id(number, TODAY)
                assert.is_false(report.valid)
                assert.equal("id_form", codes(report))
            end
        end)

        it("refuses what is no string for a number, and says that quotes are missing", function()
            for _, f in ipairs { module.check_id, module.convert_id } do
                assert_refuses({ "number", "string", "quotes" }, f, 110105194912310021)
                assert_refuses({ "number", "string" }, f, nil)
                assert_refuses({ "number", "string" }, f)
                assert_refuses({ "number must be a string, not a table" }, f, {})
                assert_refuses({ "number must be a string, not a boolean" }, f, true)
                assert_refuses({ "number must be a string, not a userdata" }, f, cjson.null)
            end
        end)

        it("converts a number of 15 digits, and no other", function()
            assert.equal(NUMBER, module.convert_id(OLD_NUMBER))
            for _, number in ipairs {
                "", NUMBER, OLD_NUMBER .. "\0", "110105491331002", "canary", "\255",
            } do
                assert_refuses({ "15 digits" }, module.convert_id, number)
            end
        end)

        it("takes a day, and by default that in China", function()
            assert.equal("id_future", codes(module.check_id(NUMBER, "1949-12-30")))
            assert.equal("", codes(module.check_id(NUMBER, "1949-12-31")))
            assert.truthy(codes(module.check(FRONT, nil, "1949-12-30")):find("id_future"))
            local function days_left(today)
                return module.check({ type = "Back", valid_date = "20160101-21000101" }, nil, today)
                    .days_left
            end
            local function beijing_day()
                return os.date("!%Y-%m-%d", os.time() + 8 * 3600)
            end
            local before, found = days_left(beijing_day()), days_left()
            assert.is_true(found == before or found == days_left(beijing_day()))
        end)

        it("refuses a day that is none", function()
            for _, f in ipairs {
                function(today)
                    local report = module.check_id(NUMBER, today)
                    return report
                end,
                function(today)
                    local report = module.check(FRONT, BACK, today)
                    return report
                end,
            } do
                for _, today in ipairs { "", "2026-1-1", "2026-11-31", "20261124", "canary" } do
                    local message = support.raised_by(f, today)
                    assert.truthy(message:find("YYYY-MM-DD", 1, true), message)
                    assert.falsy(message:find("canary", 1, true), message)
                end
            end
            assert_refuses({ "today", "quotes" }, module.check_id, NUMBER, 20261124)
            assert_refuses({ "today", "zero byte" }, module.check_id, NUMBER, TODAY .. "\0")
            assert_refuses({ "today", "table" }, module.check, FRONT, BACK, os.date "*t")
        end)

        it("reports on a card, either side first or alone", function()
            local both, nothing = module.check(FRONT, BACK, TODAY)
            assert.is_nil(nothing)
            assert.same({
                ok = true, findings = {}, id = module.check_id(NUMBER, TODAY), age = 76,
                valid_from = "2016-01-01", valid_until = "长期",
            }, both)
            assert.same(both, module.check(BACK, FRONT, TODAY))
            assert.same(both, module.check(with(FRONT, "type", nil), BACK, TODAY))
            assert.same(module.check(FRONT, nil, TODAY), module.check(nil, FRONT, TODAY))
            assert.equal("2016-01-01", module.check(nil, BACK, TODAY).valid_from)
            local missing = module.check({ type = "Back" }, nil, TODAY)
            assert.equal("findings ok", names(missing))
            assert.is_false(missing.ok)
        end)

        it("refuses what is no card, or two of one side", function()
            assert_refuses({ "front" }, module.check, FRONT, FRONT)
            assert_refuses({ "back" }, module.check, BACK, BACK)
            assert_refuses({ "no card" }, module.check)
            assert_refuses({ "no card" }, module.check, nil, nil, TODAY)
            assert_refuses({ "no card" }, module.check, { note = "canary" })
            assert_refuses({ "\"Front\"" }, module.check, with(FRONT, "type", "canary"))
            for _, wrong in ipairs { "canary", 7, true, print, io.stdout, cjson.null } do
                local kind = "table, not a " .. type(wrong)
                assert_refuses({ "front", kind }, module.check, wrong)
                assert_refuses({ "back", kind }, module.check, FRONT, wrong)
                assert_refuses({ "card", kind }, module.mask, wrong)
            end
            assert_refuses({ "card", "table" }, module.mask)
            for _, wrong in ipairs { { "canary" }, { [1.5] = "x" }, { [true] = "x" }, { FRONT } } do
                assert_refuses({ "front", "names" }, module.check, wrong)
                assert_refuses({ "back", "names" }, module.check, FRONT, wrong)
                assert_refuses({ "card", "names" }, module.mask, wrong)
            end
            for _, text in ipairs { "na\0me", "\255", "canary\237\160\128" } do
                assert_refuses({ "name", "UTF-8" }, module.check, with(FRONT, text, "canary"))
                assert_refuses({ "name", "UTF-8" }, module.mask, with(FRONT, text, "canary"))
            end
        end)

        it("refuses a field of cards that is no text, and masks it", function()
            for _, field in ipairs(FIELDS) do
                for _, value in ipairs(OTHERS) do
                    local card = with(FRONT, field, value)
                    local says = { field .. " must be a string, not a " .. type(value) }
                    says[2] = type(value) == "number" and "quotes" or nil
                    assert_refuses(says, module.check, card)
                    assert_refuses(says, module.check, BACK, card)
                    assert.equal("***", module.mask(card)[field])
                end
                for _, text in ipairs { "a\0b", "\255", "张\237\160\128canary" } do
                    local card = with(FRONT, field, text)
                    assert_refuses({ field, "UTF-8" }, module.check, card)
                    assert.equal("***", module.mask(card)[field])
                end
                for _, missing in ipairs { cjson.null, "", " " } do
                    local without = module.check(with(FRONT, field, nil), BACK, TODAY)
                    assert.same(without, module.check(with(FRONT, field, missing), BACK, TODAY))
                end
                assert.equal(cjson.null, module.mask(with(FRONT, field, cjson.null))[field])
            end
        end)

        it("ignores other fields in a check, and masks them", function()
            local card, other = with(FRONT, "nothing", cjson.null), { nothing = cjson.null }
            local masked = { nothing = cjson.null }
            for number, value in ipairs(OTHERS) do
                card["other_" .. number] = value
                other["other_" .. number] = value
                masked["other_" .. number] = "***"
            end
            for number, text in ipairs { "", "a\0b", "\255", "canary" } do
                card["text_" .. number] = text
                other["text_" .. number] = text
                masked["text_" .. number] = "***"
            end
            assert.same(module.check(FRONT, BACK, TODAY), module.check(card, BACK, TODAY))
            assert.same(masked, module.mask(other))
            assert.same({}, module.mask {})
        end)

        it("masks a copy of a card", function()
            local card = with(with(FRONT, "card_property", 1), "valid_date", "20160101-20260101")
            local before = with(card, "nothing", nil)
            assert.same({
                type = "Front", name = "张*", id = "110105********002X",
                addr = "北京市朝阳区***", gender = "***", nationality = "***", birth = "***",
                valid_date = "20160101-20260101", card_property = "***",
            }, module.mask(card))
            module.check(card, BACK, TODAY)
            assert.same(before, card)
        end)

        it("runs no metamethod of a card's", function()
            local trap = setmetatable({}, {
                __index = error, __newindex = error, __pairs = error, __len = error, __call = error,
            })
            rawset(trap, "name", "张三")
            assert.equal("张*", module.mask(trap).name)
            assert.is_false(module.check(trap, nil, TODAY).ok)
        end)

        it("tells nothing of a card", function()
            local card = { note = "canary" }
            for _, field in ipairs(FIELDS) do
                card[field] = "canary张三"
            end
            card.type = "Front"
            assert.falsy(cjson.encode(module.check(card, nil, TODAY)):find("canary", 1, true))
            assert.falsy(cjson.encode(module.mask(card)):find("canary", 1, true))
            assert.falsy(cjson.encode(module.check_id "canary"):find("canary", 1, true))
        end)
    end)
end

describe("wxidcard.core", function()
    it("has a table of findings, whose rows reports are made of", function()
        local rows, count = {}, 0
        for _, row in ipairs(core.findings()) do
            assert.is_nil(rows[row.code])
            assert.truthy(row.level == "error" or row.level == "warning")
            rows[row.code], count = row, count + 1
        end
        assert.is_true(count > 20)
        local report = core.check({ type = "Front" }, { type = "Back" }, TODAY)
        assert.equal(6, #report.findings)
        for _, finding in ipairs(report.findings) do
            assert.same(rows[finding.code], finding)
        end
    end)

    it("returns nil and the message of a mistake", function()
        for _, returned in ipairs {
            { core.check_id(7) }, { core.convert_id "7" }, { core.check() }, { core.mask() },
            { core.check_id(NUMBER, "canary") },
        } do
            assert.is_nil(returned[1])
            assert.is_string(returned[2])
        end
    end)

    it("may be interrupted by the collector at any time", function()
        local card = with(with(FRONT, "nothing", cjson.null), "other", {})
        for _ = 1, 2000 do
            collectgarbage("step")
            core.check(card, BACK, TODAY)
            core.check_id("110105194912310028")
            core.convert_id(OLD_NUMBER)
            core.mask(card)
            core.check(card, { id = 7 })
            core.mask { card }
        end
    end)
end)
