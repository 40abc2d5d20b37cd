--- As wxidcard, but what fails returns nil, message, error table. Misuse raises in both.
return require("wxidcard.client").module(function(problem)
    return nil, problem.message, problem
end)
