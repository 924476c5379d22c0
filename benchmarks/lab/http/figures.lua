-- A script for wrk: prints the figures as JSON, with the mean latency that Little's law needs.
function done(summary, latency)
  local errors, seconds = summary.errors, summary.duration / 1e6
  local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  local figures = '{"per_second": %f, "mean_ms": %f, "lowest_ms": %f, "p99_ms": %f, "answered": %d, "failed": %d}'
  local mean, lowest, p99 = latency.mean / 1000, latency.min / 1000, latency:percentile(99) / 1000
  io.write("\n", figures:format(summary.requests / seconds, mean, lowest, p99, summary.requests, failed), "\n")
end
