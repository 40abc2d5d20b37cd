-- The vectors of numbers, cards and masks, which every language runs: tests/vectors/*.json.
local core = require "wxidcard.core"
local play = require "support.play"
local support = require "support"

local FINDINGS = {}
for _, row in ipairs(core.findings()) do
    FINDINGS[row.code] = row
end

-- An expected report with its findings as the table has them, and without nulls.
local function full(report)
    local whole = {}
    for name, value in pairs(support.without_nulls(report)) do
        whole[name] = value
    end
    for i, code in ipairs(report.findings) do
        whole.findings[i] = assert(FINDINGS[code], code)
    end
    if whole.id then
        whole.id = full(report.id)
    end
    return whole
end

local function assert_refused(says, name, ...)
    local message = support.raised_by(...)
    assert.is_string(message, name)
    assert.truthy(message:find(says, 1, true), name .. ": " .. message)
    assert.is_nil(message:find("canary", 1, true), name)
end

-- Replaces each character by each other one; returns how many numbers that made.
local function assert_no_other_is_valid(check_id, number, today)
    local count = 0
    for place = 1, #number do
        for other in (place == 18 and "0123456789Xx" or "0123456789X"):gmatch "." do
            if other ~= number:sub(place, place) then
                local mistaken = number:sub(1, place - 1) .. other .. number:sub(place + 1)
                assert.is_false(check_id(mistaken, today).valid, mistaken)
                count = count + 1
            end
        end
    end
    return count
end

local function run_number(library, case)
    local number, expect = play.number_of(case), case.expect
    if case.convert then
        if expect.error then
            return assert_refused(expect.error, case.name, library.convert_id, number)
        end
        return assert.equal(expect.converted, library.convert_id(number), case.name)
    elseif expect.error then
        return assert_refused(expect.error, case.name, library.check_id, number, case.today)
    end
    local report = library.check_id(number, case.today)
    if case.every_error then
        assert.is_true(report.valid, case.name)
        local count = assert_no_other_is_valid(library.check_id, number, case.today)
        return assert.equal(17 * 10 + 11, count, case.name)
    end
    assert.same(full(expect), report, case.name)
end

local function run_card(library, case)
    local front, back = play.sides_of(case)
    local expect = case.expect
    if expect.error then
        return assert_refused(expect.error, case.name, library.check, front, back, case.today)
    end
    assert.same(full(expect), library.check(front, back, case.today), case.name)
    assert.same(full(expect), library.check(back, front, case.today), case.name .. ", exchanged")
end

local function run_mask(library, case)
    -- A field that is null stays one, as what the caller's JSON library has for it.
    assert.same(case.expect, library.mask(case.card), case.name)
end

for _, name in ipairs { "wxidcard", "wxidcard.safe" } do
    local library = require(name)
    for what, run in pairs { numbers = run_number, cards = run_card, masks = run_mask } do
        it("the vectors of " .. what .. ", by " .. name, function()
            local cases = support.vectors(what)
            for _, case in ipairs(cases) do
                run(library, case)
            end
            -- The languages are compared by how many there are, not by how often they were run.
            if name == "wxidcard" then
                support.count(what, #cases)
            end
        end)
    end
end
