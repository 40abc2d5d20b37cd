--- Reads Chinese ID cards through WeChat's OCR service; raises error tables.
-- wxidcard.safe is the same, returning nil, message, error table instead.
--
--     local wxidcard = require "wxidcard"
--     local client = wxidcard.new{ access_token = "..." }
--     local card = client:recognize{ img = bytes }
return require("wxidcard.client").module(function(problem)
    error(problem, 0)
end)
