-- A script for wrk: sends the requests of a file, a line each (method, path, body and token, separated by tabs), and prints the figures as JSON.
local requests, position = {}, 0

function init(args)
  for line in io.lines(args[1]) do
    local method, path, body, token = line:match("^(%S+)\t(%S+)\t([^\t]*)\t(%S+)$")
    local headers = { Host = wrk.headers["Host"], Authorization = "Bearer " .. token }
    if body ~= "" then headers["Content-Type"] = "application/json" end
    requests[#requests + 1] = wrk.format(method, path, headers, body ~= "" and body or nil)
  end
end

function request()
  position = position % #requests + 1
  return requests[position]
end

function done(summary, latency)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  local figures = '{"per_second": %f, "p50_ms": %f, "p90_ms": %f, "p99_ms": %f, "max_ms": %f, "answered": %d, "failed": %d}'
  local seconds = summary.duration / 1e6
  local function ms(percent) return latency:percentile(percent) / 1000 end
  io.write("\n", figures:format(summary.requests / seconds, ms(50), ms(90), ms(99), latency.max / 1000, summary.requests, failed), "\n")
end
