--- The endpoints: POST /idcard and POST /check. See README.md for what they take and give.
local account = require "idcard.account"
local answers = require "idcard.answers"
local cjson = require "cjson.safe"
local pictures = require "idcard.pictures"
local upload = require "idcard.upload"
local wxidcard = require "wxidcard.safe"

local endpoints = {}

-- Whether the request may go on. Nobody logs in here, so a page of another site could have its
-- visitors' browsers use up the quota; browsers say where a request comes from.
local function is_welcome()
    if ngx.req.get_method() ~= "POST" then
        answers.refuse("method")
        return false
    end
    if ngx.var.http_sec_fetch_site == "cross-site" then
        answers.refuse("cross_site")
        return false
    end
    return true
end

-- The report on a card or its sides; nil if they are nothing that check takes. What it does not
-- take it raises, as a caller's mistake; here the caller is far away.
local function report_on(front, back)
    local checked, report = pcall(wxidcard.check, front, back)
    return checked and report or nil
end

--- Recognises the picture of a form.
function endpoints.recognize()
    if not is_welcome() then
        return
    end
    local client = account.client()
    if not client then
        return answers.refuse("unavailable")
    end
    local picture, kind, retryable = upload.picture()
    if picture then
        picture, kind, retryable = pictures.fit(picture)
    end
    if not picture then
        return answers.refuse(kind, retryable)
    end
    local card, _, err = client:recognize{ img = picture }
    if not card then
        return answers.fail(err)
    end
    answers.send(200, { card = card, report = report_on(card) })
end

-- A side of a decoded body; nil for null, and for what is no object.
local function side(sides, name)
    local card = type(sides) == "table" and sides[name]
    return type(card) == "table" and card or nil
end

--- Checks the fields of one side or both, as somebody has corrected them.
function endpoints.check()
    if not is_welcome() then
        return
    end
    if (ngx.var.content_type or ""):lower():match("^[^; ]*") ~= "application/json" then
        return answers.refuse("content_type")
    end
    local sides = cjson.decode(upload.body())
    local front, back = side(sides, "front"), side(sides, "back")
    local report = (front or back) and report_on(front or back, front and back)
    if not report then
        return answers.refuse("malformed")
    end
    answers.send(200, { report = report })
end

return endpoints
