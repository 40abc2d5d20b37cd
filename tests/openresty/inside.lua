--- Runs specs with busted inside nginx, in a timer, where cosockets work; see inside.py.
--
-- busted's own runner reads a command line and ends the process, so this does what it does with the
-- settings of .busted: the order of files and of tests is random, and each file is insulated. TAP
-- goes to standard output. What is wrong with the run itself is a failed test of it.
local cjson = require "cjson"

local inside = {}

-- The run: specs, a list of paths; exclusions, the path of a list as in exclusions.lua; compiler,
-- whether LuaJIT's is on; seed, of the order.
local function read_run()
    local file = assert(io.open(ngx.config.prefix() .. "run.json"))
    local text = file:read("*a")
    file:close()
    return cjson.decode(text)
end

local function base_name(path)
    return path:match("[^/]+$")
end

-- Has busted count something that is no test as one that failed.
local function fail(busted, path, problem)
    busted.publish({ "error", "file" }, { descriptor = "file", name = path }, nil, problem,
        { short_src = path, currentline = 0 })
end

-- The file that is being loaded, and the full name of a test that is registered in it now.
local function describe_test(busted, name)
    local names, element = { name }, busted.context.get()
    while element.descriptor ~= "file" do
        table.insert(names, 1, element.name or element.descriptor)
        element = busted.context.parent(element)
    end
    return base_name(element.name), table.concat(names, " ")
end

-- Leaves out the tests of the list. Returns a function for the end: it fails the run where a file
-- has no test, and where an entry matches none of its file: nothing is left out unseen.
local function select_tests(busted, run)
    local exclusions, matched, has_tests = dofile(run.exclusions), {}, {}
    busted.subscribe({ "register", "it" }, function(name)
        local file, full_name = describe_test(busted, name)
        has_tests[file] = true
        local is_kept = true
        for _, entry in ipairs(exclusions) do
            if file == entry.file and full_name:find(entry.test, 1, true) then
                matched[entry], is_kept = true, false
            end
        end
        return nil, is_kept
    end, { priority = 1 })
    return function()
        for _, path in ipairs(run.specs) do
            if not has_tests[base_name(path)] then
                fail(busted, path, "it has no test")
            end
        end
        for _, entry in ipairs(exclusions) do
            if has_tests[entry.file] and not matched[entry] then
                fail(busted, entry.file, "no test has an excluded name: " .. entry.test)
            end
        end
    end
end

-- Fails the run where it was not what it is meant to be.
local function check_place(busted, run)
    if ngx.get_phase() ~= "timer" or require("support").interpreter ~= "nginx" then
        fail(busted, "nginx", "this is no timer of nginx's")
    end
    if jit.status() ~= run.compiler then
        fail(busted, "LuaJIT", "its compiler should be " .. (run.compiler and "on" or "off"))
    end
    for line in io.lines("/proc/self/maps") do
        if line:find("libcurl", 1, true) then
            return fail(busted, "libcurl", "it was loaded into nginx")
        end
    end
end

local function load_specs(busted, run)
    local load_file = require "busted.modules.test_file_loader"(busted, { "lua" })
    for _, path in ipairs(run.specs) do
        local chunk, problem = loadfile(path)
        if chunk then
            load_file({ path }, {}, {})
        else
            fail(busted, path, problem)
        end
    end
end

local function run_specs()
    local run = read_run()
    local busted = require "busted.core"()
    require "busted"(busted)
    busted.randomize, busted.randomseed = true, run.seed
    local check_tests = select_tests(busted, run)
    -- Before the one of the TAP, which ends it.
    busted.subscribe({ "suite", "end" }, function()
        check_tests()
        check_place(busted, run)
        return nil, true
    end)
    local options = { language = "en", verbose = true }
    require "busted.outputHandlers.TAP"(options):subscribe(options)
    load_specs(busted, run)
    require "busted.execute"(busted)(1, { seed = run.seed, shuffle = true })
end

-- A light thread's end is seen, even where no pcall catches what is raised: in a coroutine.wrap.
local function watch_run()
    local problem = "see nginx's log"
    local ended, is_whole = ngx.thread.wait(ngx.thread.spawn(function()
        local ok, raised = xpcall(run_specs, debug.traceback)
        problem = raised
        return ok
    end))
    if not (ended and is_whole) then
        io.stdout:write("Bail out! ", tostring(problem):gsub("\n", "\n# "), "\n")
        io.stdout:flush()
    end
end

--- Runs what run.json says, in a timer. The last line is the plan of the TAP, or "Bail out!".
function inside.start()
    assert(ngx.timer.at(0, watch_run))
end

return inside
