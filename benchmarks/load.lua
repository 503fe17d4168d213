-- What wrk sends: the contract's headers, a uuid of its own with each call, and a body whose customerId goes from `first`
-- on, `count` of them in turn.
-- wrk ... -- FIRST COUNT NAME:VALUE...

local first, count, sent = 0, 1, 0

function init(arguments)
  first, count = tonumber(arguments[1]), tonumber(arguments[2])
  wrk.method = "POST"
  for index = 3, #arguments do
    local name, value = arguments[index]:match("^(.-):(.*)$")
    wrk.headers[name] = value
  end
end

function request()
  local body = string.format('{"customerId": "%012.0f"}', first + sent % count)
  sent = sent + 1
  wrk.headers["uuid"] = string.format("3f2b8c1e-6d5a-4f0b-9c7e-%012x", sent)
  return wrk.format(nil, nil, nil, body)
end
