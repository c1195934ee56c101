//! The names by which the server may be called, and the origins whose pages may call it.

use super::refusal::Refusal;
use axum::http::StatusCode;
use std::net::IpAddr;

/// What requests may name in `Host` and `Origin`.
#[derive(Debug)]
pub struct Names {
    /// Apart from numeric addresses.
    own: Vec<String>,
    /// Names under which a proxy may show the page, those of `--allow-host`.
    shown_as: Vec<String>,
    /// `scheme://name:port` of others' pages, those of `--allow-origin`.
    origins: Vec<String>,
}

impl Names {
    /// Those of a server that listens on `host`.
    pub fn new(host: &str, allow_host: &[String], allow_origin: &[String]) -> Self {
        let own = ["localhost", host].map(str::to_owned).into_iter();
        Self {
            own: own.chain(allow_host.iter().cloned()).collect(),
            shown_as: allow_host.to_vec(),
            origins: allow_origin.to_vec(),
        }
    }

    /// Whether pages of this other origin may read the answers.
    pub fn is_allowed(&self, origin: &str) -> bool {
        self.origins.iter().any(|allowed| allowed.eq_ignore_ascii_case(origin))
    }

    /// Whether there are other origins whose pages may read the answers.
    pub fn has_origins(&self) -> bool {
        !self.origins.is_empty()
    }

    /// Refuses requests under a name that is not the server's, and those that another server's page sends.
    pub fn check(
        &self,
        path: &str,
        host: Option<&str>,
        origin: Option<&str>,
    ) -> Result<(), Refusal> {
        let Some(host) = host else {
            // Health checks in HTTP/1.0 have none. A browser always sends one.
            return match path {
                "/health" => Ok(()),
                _ => Err(Refusal::new(
                    StatusCode::BAD_REQUEST,
                    "expected a Host header, found none; try HTTP/1.1",
                )),
            };
        };
        if !self.is_own(name_of(host)) {
            let error = format!(
                "expected a request to localhost or a numeric address, found one to {host}; try --allow-host {}",
                name_of(host)
            );
            return Err(Refusal::new(StatusCode::MISDIRECTED_REQUEST, error));
        }
        // Browsers send it with every POST. Behind a proxy, the scheme may be another, and so may the
        // name and port in Host.
        let Some(origin) = origin else { return Ok(()) };
        let authority = origin.split_once("://").map(|(_, authority)| authority);
        let is_own = |authority: &str| {
            let name = name_of(authority);
            authority.eq_ignore_ascii_case(host)
                || self.shown_as.iter().any(|own| own.eq_ignore_ascii_case(name))
        };
        if authority.is_some_and(is_own) || self.is_allowed(origin) {
            return Ok(());
        }
        let remedy = authority.map_or(String::new(), |authority| {
            format!(
                "; try --allow-host {} if the page is the server's own, behind a proxy, or --allow-origin {origin} for another page of yours",
                name_of(authority)
            )
        });
        let error = format!(
            "expected a request from the server's own page, found one from {origin}{remedy}"
        );
        Err(Refusal::new(StatusCode::FORBIDDEN, error))
    }

    /// Whether the server may be called by this name, which a numeric address always may: a web page
    /// can make a browser send requests here under the page's own name (DNS rebinding), not under a
    /// number.
    fn is_own(&self, name: &str) -> bool {
        let number = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(name);
        number.parse::<IpAddr>().is_ok()
            || self.own.iter().any(|own| own.eq_ignore_ascii_case(name))
    }
}

/// `NAME:PORT` without the port.
fn name_of(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The status of a refusal and its text; 200 if there is none.
    fn asked(names: &Names, path: &str, host: Option<&str>, origin: Option<&str>) -> (u16, String) {
        match names.check(path, host, origin) {
            Ok(()) => (200, String::new()),
            Err(refusal) => (refusal.status.as_u16(), refusal.error),
        }
    }

    #[test]
    fn names_and_origins_of_others_are_refused_with_the_flag_that_allows_them() {
        let names = Names::new("127.0.0.1", &["pics.example".to_owned()], &[]);
        let (host, own) = (Some("127.0.0.1:80"), Some("http://127.0.0.1:80"));
        for (path, host, origin, status, said) in [
            ("/", host, None, 200, ""),
            ("/", Some("LOCALHOST:8080"), None, 200, ""),
            ("/", Some("[::1]"), None, 200, ""),
            ("/", Some("pics.example:8080"), None, 200, ""),
            ("/", Some("evil.example"), None, 421, "try --allow-host evil.example"),
            ("/", Some("127.0.0.1.evil.example"), None, 421, "try --allow-host"),
            ("/", Some(""), None, 421, "try --allow-host"),
            ("/", None, None, 400, "try HTTP/1.1"),
            ("/health", None, None, 200, ""),
            ("/predict", host, own, 200, ""),
            // As nginx sends it: Host is the upstream's, Origin the page's.
            ("/predict", host, Some("https://pics.example"), 200, ""),
            ("/predict", host, Some("http://pics.example:81"), 200, ""),
            ("/predict", host, Some("null"), 403, "found one from null"),
            ("/predict", host, Some("http://127.0.0.1:81"), 403, "try --allow-host 127.0.0.1 if"),
            ("/predict", host, Some("http://a.example"), 403, "or --allow-origin http://a.example"),
            ("/predict", host, Some("http://a.pics.example"), 403, "--allow-host a.pics.example"),
        ] {
            let (found, text) = asked(&names, path, host, origin);
            assert_eq!(found, status, "{path} {host:?} {origin:?}: {text}");
            assert!(text.contains(said), "{text}");
        }
        let names = Names::new("127.0.0.1", &[], &["https://a.example".to_owned()]);
        assert_eq!(asked(&names, "/predict", host, Some("https://a.example")).0, 200);
        for origin in ["http://a.example", "https://a.example:444", "https://pics.example"] {
            assert_eq!(asked(&names, "/predict", host, Some(origin)).0, 403, "{origin}");
        }
    }

    #[test]
    fn ports_are_no_part_of_names() {
        for (host, name) in [
            ("localhost:8080", "localhost"),
            ("127.0.0.1:1", "127.0.0.1"),
            ("[::1]:8080", "[::1]"),
            ("[::1]", "[::1]"),
            ("a:b", "a:b"),
        ] {
            assert_eq!(name_of(host), name);
        }
    }
}
