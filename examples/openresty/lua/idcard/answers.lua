--- What goes back: JSON, and for everything that can go wrong a status and a sentence for whoever
-- holds the telephone.
local cjson = require "cjson.safe"

local json = cjson.new()
-- A list of which the service left places empty is no reason to fail.
json.encode_sparse_array(true)

local answers = {}

-- Of an answer that says no: the status, the sentence, and after how many seconds to try again.
local PROBLEMS = {
    -- of the request
    malformed = { 400, "请求的格式不正确。" },
    missing_part = { 400, "请求里没有照片（应有且只有一个名为 img 的文件）。" },
    cross_site = { 403, "不接受来自其他网站的请求。" },
    method = { 405, "请用 POST 方法。" },
    too_large = { 413, "照片超过 10 MB，请换一张小一些的。" },
    content_type = { 415, "请求的类型不正确。" },
    -- of the picture
    no_card = { 422, "没有找到身份证。请把证件放平、拍全、对好焦，再拍一张。" },
    image = { 422, "这张照片无法识别，请重新拍摄，或换一张。" },
    image_input = { 422, "这不是可用的照片。请用 JPEG 或 PNG 格式，重新拍摄或另选一张。" },
    -- of the quota; the library says whether and the service when, if it does
    quota = { 429, "今天的识别次数已用完，请明天再来，或直接手工填写。" },
    rate = { 429, "用的人太多，请一分钟后再试。", 60 },
    -- of the way there
    busy = { 503, "识别服务正忙，请稍等几秒再试。", 5 },
    timeout = { 504, "识别服务没有及时回应，请再试一次。" },
    connect = { 502, "暂时连不上识别服务，请稍后再试。" },
    network = { 502, "与识别服务的连接中断，请再试一次。" },
    protocol = { 502, "识别服务的回应有误，请稍后再试，或直接手工填写。" },
    api = { 502, "识别服务拒绝了请求，请稍后再试，或直接手工填写。" },
    -- of whoever runs this, who finds more in the log
    unavailable = { 500, "识别服务暂不可用，请直接手工填写，或联系本站。" },
}

-- Kinds of the library's that have no line of their own above: what they are is not the public's
-- business, or makes no difference to it.
local LIKE = {
    token = "unavailable", credential = "unavailable", permission = "unavailable",
    tls = "unavailable", request = "api", image_url = "api",
    system = "busy", -- no connection is left in this worker
}

-- nginx's own refusals, by their status.
local OF_STATUS = { [400] = "malformed", [413] = "too_large", [503] = "busy" }

--- Sends JSON.
function answers.send(status, value)
    local text = json.encode(value)
    if not text then -- a number that JSON has not, in a field that nobody knows
        return answers.refuse("protocol")
    end
    -- cjson writes a table with nothing in it as an object. Quotes within strings are escaped, so
    -- this matches members only.
    text = text:gsub('"(findings)":{}', '"%1":[]'):gsub('"(candidates)":{}', '"%1":[]')
    ngx.status = status
    ngx.header["Content-Type"] = "application/json"
    ngx.header["Content-Length"] = #text
    ngx.print(text)
end

--- Sends an error of one of the kinds above.
function answers.refuse(kind, retryable)
    local problem = PROBLEMS[kind]
    if kind == "method" then
        ngx.header["Allow"] = "POST"
    end
    ngx.header["Retry-After"] = problem[3]
    answers.send(problem[1], {
        error = {
            kind = kind, message = problem[2], retryable = retryable or false,
        },
    })
end

-- What an operator should know of an error. The library's own sentences tell nobody's secrets; the
-- service's may say anything, and stay out of the log.
local function describe(err)
    if err.errcode then
        return "errcode " .. err.errcode .. ", rid " .. (err.rid or "unknown")
    end
    return err.message
end

--- Sends what became of a recognition that failed; err is the library's error table.
function answers.fail(err)
    local kind = LIKE[err.kind] or PROBLEMS[err.kind] and err.kind or "unavailable"
    if PROBLEMS[kind][1] ~= 422 then
        ngx.log(ngx.ERR, "recognition failed: ", err.kind, ": ", describe(err))
    end
    answers.refuse(kind, err.retryable)
end

--- Answers where nginx itself has refused a request, or an endpoint has failed.
function answers.problem()
    answers.refuse(OF_STATUS[ngx.status] or "unavailable")
end

return answers
