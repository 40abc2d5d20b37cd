--- Gets bodies of requests, and the picture out of a form.
local multipart = require "idcard.multipart"

local upload = {}

local PART = "img"
local LARGEST = 10 * 1024 * 1024

local function read_file(path)
    local file = io.open(path, "rb")
    local bytes = file and file:read("*a")
    if file then
        file:close()
    end
    return bytes
end

--- The body: nginx keeps what client_body_buffer_size has no room for in a file.
function upload.body()
    ngx.req.read_body()
    local body = ngx.req.get_body_data()
    local path = not body and ngx.req.get_body_file()
    return body or path and read_file(path) or ""
end

-- The one part that is the picture: nil if there is none, or more than one.
local function find_picture(parts)
    local found
    for _, part in ipairs(parts) do
        if part.name == PART then
            if found then
                return nil
            end
            found = part
        end
    end
    return found
end

--- The bytes of the picture that was uploaded; or nil and the kind of the error.
function upload.picture()
    local boundary, is_form = multipart.boundary(ngx.var.content_type or "")
    if not boundary then
        return nil, is_form and "malformed" or "content_type"
    end
    local body = upload.body()
    local parts = multipart.parts(body, boundary)
    if not parts then
        return nil, "malformed"
    end
    local part = find_picture(parts)
    if not part then
        return nil, "missing_part"
    end
    if part.last - part.first + 1 > LARGEST then
        return nil, "too_large"
    end
    return body:sub(part.first, part.last)
end

return upload
