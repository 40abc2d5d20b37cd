-- fit_image from Lua. tests/c/test_pictures_*.c have what becomes of the pictures.
local core = require "wxidcard.core"
local refusal = require "support.refusal"
local support = require "support"

local modules = { wxidcard = require "wxidcard", safe = require "wxidcard.safe" }
local LIMIT = 20000

-- Noise, which no compression makes small, with a text in its metadata.
local PNG = support.output_of([[python3 -c '
import random, struct, sys, zlib
def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
noise = random.Random(7)
rows = b"".join(b"\0" + noise.randbytes(360) for _ in range(80))
sys.stdout.buffer.write(
    b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 120, 80, 8, 2, 0, 0, 0))
    + chunk(b"tEXt", b"Author\0a canary") + chunk(b"IDAT", zlib.compress(rows))
    + chunk(b"IEND", b""))
']])

-- What is raised has the parts in it, and nothing of the picture.
local function assert_refuses(parts, f, ...)
    local message = refusal.of(f, ...)
    for _, part in ipairs(parts) do
        assert.truthy(message:find(part, 1, true), message)
    end
    assert.falsy(message:find("canary", 1, true), message)
end

for name, module in pairs(modules) do
    describe(name .. ".fit_image", function()
        it("makes a picture smaller, if it is not small", function()
            assert.is_true(#PNG > LIMIT)
            local fitted, nothing = module.fit_image(PNG, { max_image_bytes = LIMIT })
            assert.is_nil(nothing)
            assert.is_true(#fitted < LIMIT)
            assert.equal("\255\216\255", fitted:sub(1, 3))
            assert.equal("\255\217", fitted:sub(-2)) -- it is whole
            assert.is_true(PNG == module.fit_image(PNG))
            assert.is_true(PNG == module.fit_image(PNG, {}))
            assert.is_true(PNG == module.fit_image(PNG, { max_image_bytes = #PNG + 1 }))
            assert.is_true(PNG ~= module.fit_image(PNG, { max_image_bytes = #PNG }))
            assert.equal(support.JPEG, module.fit_image(support.JPEG))
        end)

        it("takes metadata out", function()
            assert.truthy(PNG:find("canary", 1, true))
            local stripped = module.fit_image(PNG, { strip_metadata = true })
            assert.equal("\137PNG", stripped:sub(1, 4))
            assert.falsy(stripped:find("canary", 1, true))
            assert.is_true(PNG == module.fit_image(PNG, { strip_metadata = false }))
        end)

        it("refuses misuse at the line of the caller", function()
            assert_refuses({ "picture", "missing" }, module.fit_image)
            assert_refuses({ "picture", "missing" }, module.fit_image, nil, {})
            assert_refuses({ "picture must be a string, not a table" }, module.fit_image, {})
            assert_refuses({ "picture", "not a userdata" }, module.fit_image, io.stdout)
            assert_refuses({ "picture", "not a number" }, module.fit_image, 7)
            assert_refuses({ "options", "table" }, module.fit_image, PNG, LIMIT)
            for _, meant in ipairs { "max_image_bytes", "strip_metadata" } do
                local wrong = meant:sub(1, -2)
                assert_refuses({ "'" .. wrong .. "'", "'" .. meant .. "'" }, module.fit_image, PNG,
                    { [wrong] = 1 })
            end
            assert_refuses({ "unknown" }, module.fit_image, PNG, { ["A canary"] = 1 })
            assert_refuses({ "options have names" }, module.fit_image, PNG, { LIMIT })
            for _, limit in ipairs { "20000", 0.5, 0 / 0, 1 / 0, true, 2 ^ 60 } do
                assert_refuses({ "max_image_bytes" }, module.fit_image, PNG,
                    { max_image_bytes = limit })
            end
            for _, limit in ipairs { 0, -1, 67108865 } do
                assert_refuses({ "1 to 67108864" }, module.fit_image, PNG,
                    { max_image_bytes = limit })
            end
            for _, flag in ipairs { 1, "yes", {} } do
                assert_refuses({ "strip_metadata must be true or false" }, module.fit_image, PNG,
                    { strip_metadata = flag })
            end
        end)
    end)
end

describe("a picture that cannot be made fit", function()
    local bad = {
        { "", "empty" }, { "a canary", "JPEG" }, { PNG:sub(1, -5000), "cut off" },
        { "GIF89a" .. ("x"):rep(LIMIT), "JPEG and PNG" },
    }

    it("is raised as an error table by wxidcard", function()
        for _, case in ipairs(bad) do
            local problem = support.raised_by(modules.wxidcard.fit_image, case[1],
                { max_image_bytes = LIMIT })
            assert.is_true(modules.wxidcard.is_error(problem))
            assert.equal("image_input", problem.kind)
            assert.is_false(problem.retryable)
            assert.truthy(problem.message:find(case[2], 1, true), problem.message)
            assert.falsy(problem.message:find("canary", 1, true))
        end
    end)

    it("is returned by wxidcard.safe", function()
        for _, case in ipairs(bad) do
            local data, message, problem = modules.safe.fit_image(case[1],
                { max_image_bytes = LIMIT })
            assert.is_nil(data)
            assert.truthy(message:find(case[2], 1, true), message)
            assert.equal("image_input", problem.kind)
            assert.is_true(modules.safe.is_error(problem))
        end
    end)
end)

describe("core.fit_image", function()
    it("may be interrupted by the collector", function()
        for _ = 1, 50 do
            collectgarbage("step")
            assert.is_true(#core.fit_image(PNG, { max_image_bytes = LIMIT }) < LIMIT)
            assert.is_nil((core.fit_image("")))
        end
    end)

    it("returns nil and the message of a mistake", function()
        local data, problem = core.fit_image(PNG, { max_image_bytes = 0 })
        assert.is_nil(data)
        assert.is_string(problem)
    end)
end)
