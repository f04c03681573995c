//! What is out of the ordinary in a server's log: answers with a status of 5xx, answers that took long, and whatever is no
//! ordinary line.

/// From how many milliseconds an answer counts as late.
const LATE: u64 = 5000;

/// Those lines of a server's log, from the moment it was ready.
pub(super) fn out_of_the_ordinary(log: &str) -> Vec<String> {
    let from = log.find("Ready on ").unwrap_or(0);
    let lines = log.get(from..).unwrap_or_default().lines().skip(usize::from(from > 0));
    let lines = lines.map(super::plain).filter(|line| !line.trim().is_empty() && !is_ordinary(line));
    lines.map(|line| line.chars().take(super::MOST_CHARACTERS).collect()).collect()
}

fn is_ordinary(line: &str) -> bool {
    if let Some(request) = line.strip_prefix("[wrangler:info] ") {
        // `POST /token 200 OK (12ms)`, or some word of wrangler's own.
        let status = request.split(' ').nth(2).unwrap_or_default();
        let duration = request.rsplit_once('(').and_then(|(_, end)| end.strip_suffix("ms)")?.parse().ok());
        return !status.starts_with('5') && duration.unwrap_or(0) < LATE;
    }
    let is_entry = line.starts_with('{') && line.contains("\"time\":");
    is_entry && !line.contains("\"status\":5")
}

#[cfg(test)]
mod tests {
    use super::out_of_the_ordinary;

    #[test]
    fn failures_late_answers_and_foreign_lines_are_out_of_the_ordinary() {
        let log = "\
Your Worker has access to the following bindings:
[wrangler:info] Ready on http://127.0.0.1:42463
{\"time\":1795784391,\"endpoint\":\"token\",\"status\":200,\"outcome\":\"ok\"}
[wrangler:info] POST /token 200 OK (102ms)

{\"time\":1795784392,\"endpoint\":\"authorize\",\"status\":503,\"outcome\":\"failed\"}
[wrangler:info] POST /authorize 503 Service Unavailable (10ms)
[wrangler:info] GET /jwks 200 OK (12034ms)
\u{1b}[31m✘ [ERROR] Critical Error: Rust panic\u{1b}[0m
{\"event\":\"server_error\",\"request_id\":\"a\",\"error\":\"b\"}
{\"client_id\":\"a\",\"event\":\"backchannel_logout\",\"outcome\":\"ok\",\"time\":1795784392}
";
        assert_eq!(
            out_of_the_ordinary(log),
            [
                "{\"time\":1795784392,\"endpoint\":\"authorize\",\"status\":503,\"outcome\":\"failed\"}",
                "[wrangler:info] POST /authorize 503 Service Unavailable (10ms)",
                "[wrangler:info] GET /jwks 200 OK (12034ms)",
                "✘ [ERROR] Critical Error: Rust panic",
                "{\"event\":\"server_error\",\"request_id\":\"a\",\"error\":\"b\"}",
            ]
        );
    }

    #[test]
    fn a_log_without_the_ready_line_is_read_from_its_start() {
        assert_eq!(out_of_the_ordinary("Error: no such file\n"), ["Error: no such file"]);
    }
}
