//! Flags of serve.

use super::trained::{Computing, ViewArgs};
use super::{Flags, RunArgs, examples};
use clap::{Args, value_parser};

/// Serve a run's predictions over HTTP
///
/// Prints the address of a page where pictures are dropped and their classes and Grad-CAM seen. POST
/// /predict takes a picture as the body, or several as multipart/form-data, and answers JSON; ?top=K
/// limits the classes, and ?grad_cam=true adds a PNG in base64. GET /health tells what is being done.
/// Ctrl-C ends it after the requests that have begun.
#[derive(Debug, Args)]
#[command(after_help = examples::SERVE)]
pub struct ServeArgs {
    #[command(flatten)]
    pub run: RunArgs,
    /// Address or name to listen on; 0.0.0.0 for all of the machine's
    #[arg(long, default_value = "127.0.0.1")]
    pub host: String,
    /// Port to listen on; 0 for any that is free
    #[arg(long, value_name = "N", default_value_t = 8080)]
    pub port: u16,
    /// Name by which the server is reached, apart from localhost, numeric addresses and --host, also
    /// behind a proxy; can be repeated. Requests for others are refused, as a web page could send them
    /// under its own name
    #[arg(long, value_name = "NAME", value_parser = host_name)]
    pub allow_host: Vec<String>,
    /// Origin of other pages that may use the server, such as https://www.example.com; can be repeated
    #[arg(long, value_name = "URL", value_parser = origin)]
    pub allow_origin: Vec<String>,
    /// Largest number of requests at a time; others are refused with status 503
    #[arg(long, value_name = "N", default_value_t = 40, value_parser = value_parser!(u16).range(1..))]
    pub max_parallel: u16,
    /// Largest request in bytes
    #[arg(long, value_name = "N", default_value_t = 16 << 20, value_parser = value_parser!(u32).range(1..))]
    pub max_bytes: u32,
    /// Longest time for a request, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = value_parser!(u16).range(1..))]
    pub timeout: u16,
    #[command(flatten)]
    pub view: ViewArgs,
    #[command(flatten)]
    pub settings: Flags<Computing>,
}

/// A name without scheme and port.
fn host_name(text: &str) -> Result<String, String> {
    let bare = text.split_once("://").map_or(text, |(_, rest)| rest);
    let bare = bare.split('/').next().unwrap_or_default();
    let bare = match bare.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => bare,
    };
    match !bare.is_empty() && bare == text {
        true => Ok(text.to_owned()),
        false => Err(format!("expected a name alone; try {bare}")),
    }
}

/// What browsers send as Origin: scheme, name, and the port unless it is the scheme's.
fn origin(text: &str) -> Result<String, String> {
    let lower = text.trim_end_matches('/').to_ascii_lowercase();
    let authority =
        [("http://", ":80"), ("https://", ":443")].into_iter().find_map(|(scheme, port)| {
            let authority = lower.strip_prefix(scheme)?;
            Some((scheme, authority.strip_suffix(port).unwrap_or(authority)))
        });
    match authority {
        Some((scheme, name)) if !name.is_empty() && !name.contains(['/', '?', '#', '@', '*']) => {
            Ok(format!("{scheme}{name}"))
        }
        _ => Err("expected http:// or https:// and a name; try https://www.example.com".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::{host_name, origin};

    #[test]
    fn names_and_origins_are_as_browsers_send_them() {
        assert_eq!(host_name("pics.example").unwrap(), "pics.example");
        assert_eq!(host_name("[::1]").unwrap(), "[::1]");
        for text in ["https://pics.example:8080/x", "pics.example:80", "http://pics.example"] {
            assert!(host_name(text).unwrap_err().ends_with("try pics.example"), "{text}");
        }
        for (text, expected) in [
            ("https://A.example/", "https://a.example"),
            ("http://a.example:80", "http://a.example"),
            ("http://a.example:443", "http://a.example:443"),
        ] {
            assert_eq!(origin(text).unwrap(), expected);
        }
        for text in
            ["a.example", "*", "https://", "ftp://a", "https://a/page", "https://*.a", "null"]
        {
            assert!(origin(text).is_err(), "{text}");
        }
    }
}
