-- Script for wrk: sends the requests of a file, one per line, `METHOD<tab>path<tab>credentials<tab>body`, and prints the
-- result as JSON. `once`: send no line twice.

local lines, next_line = {}, 0
exhausted = false

function init(args)
    once = args[2] == "once"
    for line in io.lines(args[1]) do
        local method, path, credentials, body = line:match("^(%S+)\t(%S+)\t([^\t]*)\t(.*)$")
        local headers = {
            -- As set by nginx.
            ["X-Forwarded-For"] = "203.0.113.7",
            ["X-Forwarded-Proto"] = "https",
            ["Host"] = "localhost",
            ["Accept"] = "application/json",
        }
        if credentials ~= "" then headers["Authorization"] = credentials end
        if body ~= "" then headers["Content-Type"] = "application/json" else body = nil end
        lines[#lines + 1] = wrk.format(method, path, headers, body)
    end
end

function request()
    next_line = next_line + 1
    if next_line > #lines then
        exhausted = once
        next_line = 1
    end
    return lines[next_line]
end

local threads = {}
function setup(thread)
    threads[#threads + 1] = thread
end

function done(summary, latency)
    local errors = summary.errors
    io.write(string.format(
        '\n{"requests": %d, "seconds": %f, "p50_ms": %f, "p99_ms": %f, "failed": %d, "hung_up": %d, "exhausted": %s}\n',
        summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
        errors.status + errors.timeout + errors.connect, errors.read + errors.write, tostring(threads[1]:get("exhausted"))
    ))
end
