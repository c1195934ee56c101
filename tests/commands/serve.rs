//! `petite serve`, with an HTTP client of a few lines over plain sockets.

use super::support::{Started, Workspace, error_of, json_of, output_of, petite, wait_for};
use petite::pictures::decode::decode;
use petite::pictures::orientation::ExifOrientation;
use petite::pictures::picture::ColorMode;
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// A server on a run of one epoch, ended with the test.
pub struct Server {
    workspace: Workspace,
    program: Started,
    /// `127.0.0.1:PORT`.
    pub address: String,
}

/// An answer: its status, its head in small letters, and its body.
struct Answer {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Answer {
    fn json(&self) -> Value {
        assert!(self.head.contains("content-type: application/json\r\n"), "{}", self.head);
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The error of a refusal with this status.
    fn error(&self, status: u16) -> String {
        let json = self.json();
        assert_eq!(self.status, status, "{json}");
        assert_eq!(json.as_object().unwrap().len(), 1, "{json}");
        json["error"].as_str().unwrap().to_owned()
    }
}

impl Server {
    pub fn start(flags: &str) -> Self {
        let workspace = Workspace::with_data();
        workspace.train("run", "--epochs 1").assert().success();
        let mut command = petite(&format!("serve --port 0 --threads 1 {flags}"));
        let mut program = command.arg(workspace.path("run")).start();
        let first = program.line_with("");
        let address = first.trim_end().strip_prefix("http://").unwrap();
        let address = address.trim_end_matches('/').to_owned();
        assert!(program.line_with("").contains("classes spots, stripes"));
        Self { workspace, program, address }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        stream
    }

    /// Sends a head without its Host and length, and a body.
    fn ask(&self, head: &str, body: &[u8]) -> Answer {
        let mut stream = self.connect();
        let (host, length) = (&self.address, body.len());
        let head = format!("{head}\r\nHost: {host}\r\nContent-Length: {length}\r\n\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(body).unwrap();
        answer(&mut stream)
    }

    fn get(&self, path: &str) -> Answer {
        self.ask(&format!("GET {path} HTTP/1.1"), b"")
    }

    fn predict(&self, query: &str, body: &[u8]) -> Answer {
        self.ask(&format!("POST /predict{query} HTTP/1.1\r\nContent-Type: image/jpeg"), body)
    }

    /// Sends files as a form.
    fn predict_all(&self, query: &str, files: &[(&str, &[u8])]) -> Answer {
        let mut body = Vec::new();
        for (name, bytes) in files {
            let head = format!(
                "--limit\r\nContent-Disposition: form-data; name=\"picture\"; filename=\"{name}\"\r\n\r\n"
            );
            body.extend([head.as_bytes(), bytes, b"\r\n"].concat());
        }
        body.extend(b"--limit--\r\n");
        let kind = "multipart/form-data; boundary=limit";
        self.ask(&format!("POST /predict{query} HTTP/1.1\r\nContent-Type: {kind}"), &body)
    }

    pub fn test_picture(&self, name: &str) -> PathBuf {
        self.workspace.path("data/test").join(name)
    }

    fn picture(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.test_picture(name)).unwrap()
    }

    /// What `petite predict --json` says of the picture at `path`, without its path.
    fn told_by_predict(&self, path: &Path) -> Value {
        let mut command = self.workspace.on_run("predict --json --threads 1", "run");
        let mut told = json_of(command.arg(path));
        told.as_object_mut().unwrap().remove("path").unwrap();
        told
    }

    /// Sends a signal and waits for the end: exit code and standard error.
    fn end(mut self, signal: &str) -> (Option<i32>, String) {
        self.program.send(signal);
        let (code, _, error) = self.program.end();
        (code, error)
    }

    fn running(&self) -> u64 {
        self.get("/health").json()["running"].as_u64().unwrap()
    }
}

/// Reads one answer, whose body has a known length.
fn answer(stream: &mut TcpStream) -> Answer {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert_ne!(reader.read_line(&mut head).unwrap(), 0, "{head:?}");
    }
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let head = head.to_ascii_lowercase();
    let length = head.split("content-length: ").nth(1).unwrap().lines().next().unwrap();
    let mut body = vec![0; length.parse().unwrap()];
    reader.read_exact(&mut body).unwrap();
    Answer { status, head, body }
}

/// One server for all that does not change it.
#[test]
fn a_server_answers_and_refuses() {
    let server = Server::start("--allow-host pictures.example --allow-origin https://a.example/");
    answers_what_predict_prints(&server);
    a_bad_picture_does_not_fail_the_others(&server);
    large_forms_are_answered(&server);
    pages_of_other_servers_cannot_use_it(&server);
    pages_of_allowed_origins_can(&server);
    the_41st_of_40_requests_is_refused_and_the_40_are_answered(&server);
}

fn answers_what_predict_prints(server: &Server) {
    for (name, kind) in [("spots/spot.12.jpg", "image/jpeg"), ("stripes/stripe.13.jpg", "image/*")]
    {
        let expected = server.told_by_predict(&server.test_picture(name));
        let head = format!("POST /predict HTTP/1.1\r\nContent-Type: {kind}");
        let found = server.ask(&head, &server.picture(name));
        assert_eq!((found.status, found.json()), (200, expected.clone()));
        // In the same order, which a parsed object does not show, and with the same digits.
        let text = String::from_utf8(found.body).unwrap();
        assert_eq!(text, expected_text(server, name));
        // Known by its content.
        for kind in ["", "\r\nContent-Type: application/octet-stream"] {
            let found = server.ask(&format!("POST /predict HTTP/1.1{kind}"), &server.picture(name));
            assert_eq!((found.status, found.json()), (200, expected.clone()));
        }
    }
    // A picture of another format, as it comes out of the heat map.
    let told = server.predict("?grad_cam=true&top=1", &server.picture("spots/spot.12.jpg")).json();
    assert_eq!(told["probabilities"].as_object().unwrap().len(), 1);
    let png = server.workspace.path("map.png");
    let mut decoded = Command::new("base64")
        .arg("-d")
        .stdin(Stdio::piped())
        .stdout(std::fs::File::create(&png).unwrap())
        .spawn()
        .unwrap();
    let base64 = told["grad_cam"].as_str().unwrap();
    decoded.stdin.take().unwrap().write_all(base64.as_bytes()).unwrap();
    assert!(decoded.wait().unwrap().success());
    let bytes = std::fs::read(&png).unwrap();
    // The same as the command's.
    let mut command = server.workspace.on_run("predict --threads 1", "run");
    command.arg("--grad-cam").arg(server.workspace.path("maps"));
    command.arg(server.workspace.path("data/test/spots/spot.12.jpg")).assert().success();
    assert_eq!(bytes, std::fs::read(server.workspace.path("maps/spot.12.png")).unwrap());
    let size = decode(&bytes, ColorMode::Rgb, ExifOrientation::Ignore).unwrap();
    assert!(size.width > 40 && size.height > 40);
    let expected = server.told_by_predict(&png);
    assert_eq!(server.predict("", &bytes).json(), expected);
    assert_eq!(server.get("/health").json()["pictures"], 8);
}

/// The line of `petite predict --json` without the path.
fn expected_text(server: &Server, name: &str) -> String {
    let path = server.test_picture(name);
    let mut command = server.workspace.on_run("predict --json --threads 1", "run");
    let line = output_of(command.arg(path));
    format!("{{{}", line.trim_end().split_once(",").unwrap().1)
}

fn a_bad_picture_does_not_fail_the_others(server: &Server) {
    let (spot, stripe) =
        (server.picture("spots/spot.12.jpg"), server.picture("stripes/stripe.12.jpg"));
    let files: [(&str, &[u8]); 4] = [
        ("a.jpg", &spot),
        ("b<i>.jpg", b"no picture"),
        ("c.jpg", &spot[..400]),
        ("a.jpg", &stripe),
    ];
    let answer = server.predict_all("", &files);
    let told = answer.json();
    assert_eq!(answer.status, 200, "{told}");
    let told = told["pictures"].as_array().unwrap();
    let names: Vec<&str> = told.iter().map(|told| told["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["a.jpg", "b<i>.jpg", "c.jpg", "a.jpg"]);
    for (index, name) in [(0, "spots/spot.12.jpg"), (3, "stripes/stripe.12.jpg")] {
        let expected = server.told_by_predict(&server.test_picture(name));
        assert_eq!(told[index]["class"], expected["class"]);
        // In another batch, sums may be in another order.
        let value = |told: &Value| told["probabilities"]["spots"].as_f64().unwrap();
        assert!((value(&told[index]) - value(&expected)).abs() < 1e-5);
    }
    assert!(told[1]["error"].as_str().unwrap().contains("expected a picture, found text"));
    assert!(told[2]["error"].is_string() && told[2].get("class").is_none());

    let answer = server.predict_all("?grad_cam=true", &files[1..3]);
    let told = answer.json();
    assert_eq!((answer.status, told["pictures"].as_array().unwrap().len()), (400, 2));
    assert_eq!(told["error"], "expected a picture that can be used, found none");
    // The pixels of a claim are not made.
    let mut bomb = b"BM".to_vec();
    bomb.extend([0; 16]);
    bomb[14] = 40;
    bomb.extend(100_000i32.to_le_bytes());
    bomb.extend(100_000i32.to_le_bytes());
    bomb.extend([1, 0, 24, 0]);
    bomb.extend([0; 24]);
    let error = server.predict("", &bomb).error(400);
    assert!(error.contains("178956970 pixels, found 100000×100000"), "{error}");
}

/// More than axum's own 2 MB, and more heat maps than pictures that may be worked on at a time.
fn large_forms_are_answered(server: &Server) {
    let (width, height) = (1000i32, 1000i32);
    let mut bmp = b"BM".to_vec();
    bmp.extend([0; 8]);
    bmp.extend(54i32.to_le_bytes());
    bmp.extend([40, 0, 0, 0]);
    bmp.extend([width.to_le_bytes(), height.to_le_bytes()].concat());
    bmp.extend([1, 0, 24, 0]);
    bmp.extend([0; 24]);
    bmp.resize(54 + (3 * width * height) as usize, 200);
    let answer = server.predict_all("", &[("large.bmp", &bmp)]);
    assert_eq!(answer.status, 200, "{}", answer.json());
    assert_eq!(answer.json()["pictures"][0]["name"], "large.bmp");

    let spot = server.picture("spots/spot.12.jpg");
    let answer = server.predict_all("?grad_cam=true", &vec![("a.jpg", spot.as_slice()); 200]);
    let told = answer.json();
    let told = told["pictures"].as_array().unwrap();
    assert_eq!(told.len(), 200);
    assert!(told.iter().all(|told| told["grad_cam"].is_string()));
}

#[test]
fn refuses_requests_with_their_status() {
    let server = Server::start("--max-bytes 100000 --timeout 1");
    let spot = server.picture("spots/spot.12.jpg");
    for (query, error) in [
        ("?top=0", "expected a number of 1 or more as top, found 0"),
        ("?top=x%20y", "expected a number of 1 or more as top, found x y"),
        ("?top=", "expected a number of 1 or more as top, found nothing"),
        ("?grad_cam=maybe", "expected true or false as grad_cam, found maybe"),
        ("?other=1", "expected top=K or grad_cam=true behind ?, found other"),
    ] {
        assert_eq!(server.predict(query, &spot).error(400), error);
    }
    assert!(server.predict("", b"").error(400).contains("expected a picture, found none"));
    assert!(server.predict("", b"text").error(400).contains("expected a picture, found text"));
    assert!(server.predict_all("", &[]).error(400).contains("expected a picture, found none"));
    let broken = "POST /predict HTTP/1.1\r\nContent-Type: multipart/form-data; boundary=limit";
    assert!(server.ask(broken, b"--limit\r\nno form").error(400).contains("expected a form"));
    let no_boundary = "POST /predict HTTP/1.1\r\nContent-Type: multipart/form-data";
    assert!(server.ask(no_boundary, &spot).error(400).contains("expected a form"));

    assert!(server.get("/nowhere").error(404).contains("found /nowhere"));
    let answer = server.get("/predict");
    assert!(answer.head.contains("\r\nallow: post"), "{}", answer.head);
    assert_eq!(answer.error(405), "expected POST /predict, found GET");
    assert_eq!(server.ask("DELETE / HTTP/1.1", b"").error(405), "expected GET /, found DELETE");

    let kind = "POST /predict HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded";
    assert!(server.ask(kind, &spot).error(415).contains("try image/jpeg"));

    // Known by its length, or only in the end; the whole of it is sent before the answer is read.
    let large = vec![0; 3_000_000];
    assert!(server.predict("", &large).error(413).contains("at most 100000 bytes"));
    let mut stream = server.connect();
    let chunked = "POST /predict HTTP/1.1\r\nContent-Type: image/png\r\nTransfer-Encoding: chunked";
    let head = format!("{chunked}\r\nHost: {}\r\n\r\n30d40\r\n", server.address);
    stream.write_all(&[head.as_bytes(), &large[..200_000], b"\r\n0\r\n\r\n"].concat()).unwrap();
    assert!(self::answer(&mut stream).error(413).contains("found a larger one"));
    let small = vec![("a.bmp", b"BM".as_slice()); 257];
    assert!(server.predict_all("", &small).error(413).contains("at most 256 pictures"));

    // A part of a request.
    let mut stream = server.connect();
    let begun = "POST /predict HTTP/1.1\r\nContent-Type: image/jpeg\r\nContent-Length: 9";
    write!(stream, "{begun}\r\nHost: {}\r\n\r\nabc", server.address).unwrap();
    let error = self::answer(&mut stream).error(408);
    assert!(error.contains("within 1 seconds, found a part"), "{error}");

    // Another server cannot start there.
    let port = server.address.rsplit_once(':').unwrap().1;
    let mut command = petite(&format!("serve --port {port}"));
    let error = error_of(command.arg(server.workspace.path("run")));
    assert!(error.contains(&format!("port {port}; try another --port or --host")), "{error}");
    assert_eq!(server.get("/health").json()["status"], "ok");
}

fn pages_of_other_servers_cannot_use_it(server: &Server) {
    let asked = |line: &str, headers: &str| {
        let mut stream = server.connect();
        write!(stream, "{line}\r\n{headers}\r\n\r\n").unwrap();
        answer(&mut stream)
    };
    assert_eq!(asked("GET /health HTTP/1.1", "Host: pictures.example").status, 200);
    let answer = asked("GET / HTTP/1.1", "Host: evil.example");
    assert!(answer.error(421).contains("try --allow-host evil.example"));
    assert!(asked("GET / HTTP/1.0", "Accept: */*").error(400).contains("expected a Host header"));
    assert_eq!(asked("GET /health HTTP/1.0", "Accept: */*").status, 200);
    let spot = server.picture("spots/spot.12.jpg");
    let from = |origin: &str| {
        let head = "POST /predict HTTP/1.1\r\nContent-Type: image/jpeg\r\nOrigin";
        server.ask(&format!("{head}: {origin}"), &spot)
    };
    assert_eq!(from(&format!("http://{}", server.address)).status, 200);
    // As behind nginx: Host is the upstream's, Origin the page's.
    assert_eq!(from("https://pictures.example").status, 200);
    for origin in ["http://evil.example", "null", "http://127.0.0.1:1"] {
        let answer = from(origin);
        assert!(answer.error(403).contains("own page"), "{origin}");
        assert!(!answer.head.contains("access-control"), "{}", answer.head);
    }
    let page = server.get("/");
    assert_eq!(page.status, 200);
    for header in [
        "content-type: text/html; charset=utf-8",
        "content-security-policy: default-src 'none'; style-src 'sha256-",
        "frame-ancestors 'none'",
        "x-content-type-options: nosniff",
        "cross-origin-resource-policy: same-origin",
    ] {
        assert!(page.head.contains(header), "{header}: {}", page.head);
    }
    let text = String::from_utf8(page.body).unwrap();
    assert!(!text.contains("http://") && !text.contains("https://") && !text.contains("innerHTML"));
}

/// `--allow-origin`: the browser asks first, and the page may read the answer, also a refusal.
fn pages_of_allowed_origins_can(server: &Server) {
    let asked = |line: &str, origin: &str, body: &[u8]| {
        server.ask(&format!("{line} HTTP/1.1\r\nOrigin: {origin}"), body)
    };
    let mut stream = server.connect();
    let head =
        "Access-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: content-type";
    let host = &server.address;
    write!(
        stream,
        "OPTIONS /predict HTTP/1.1\r\nHost: {host}\r\nOrigin: https://a.example\r\n{head}\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    let mut told = String::new();
    stream.read_to_string(&mut told).unwrap();
    assert!(told.starts_with("HTTP/1.1 204 "), "{told}");
    for header in [
        "access-control-allow-origin: https://a.example\r\n",
        "access-control-allow-methods: GET, POST\r\n",
        "access-control-allow-headers: content-type\r\n",
    ] {
        assert!(told.contains(header), "{header}: {told}");
    }
    let spot = server.picture("spots/spot.12.jpg");
    for (body, status) in [(spot.as_slice(), 200), (b"text", 400)] {
        let answer = asked("POST /predict", "https://a.example", body);
        assert_eq!(answer.status, status);
        for header in ["allow-origin: https://a.example", "policy: cross-origin", "vary: origin"] {
            assert!(answer.head.contains(header), "{header}: {}", answer.head);
        }
    }
    let answer = asked("OPTIONS /predict", "https://b.example", b"");
    assert!(answer.head.contains("policy: same-origin") && !answer.head.contains("access-control"));
    assert!(answer.error(403).contains("or --allow-origin https://b.example for another page"));
}

fn the_41st_of_40_requests_is_refused_and_the_40_are_answered(server: &Server) {
    let spot = server.picture("spots/spot.12.jpg");
    let mut streams: Vec<TcpStream> = (0..40).map(|_| server.connect()).collect();
    let head = format!(
        "POST /predict HTTP/1.1\r\nContent-Type: image/jpeg\r\nHost: {}\r\nContent-Length: {}\r\n\r\n",
        server.address,
        spot.len()
    );
    for stream in &mut streams {
        stream.write_all(&[head.as_bytes(), &spot[..100]].concat()).unwrap();
    }
    wait_for(|| server.running() == 40);
    let refused = server.predict("", &spot);
    assert!(refused.head.contains("\r\nretry-after: 1\r\n"), "{}", refused.head);
    let error = refused.error(503);
    assert!(error.contains("at most 40 requests at a time") && error.contains("try again later"));
    assert_eq!(server.get("/health").json()["refused"], 1);
    // Its connection can be used again.
    let mut stream = server.connect();
    stream.write_all(&[head.as_bytes(), &spot].concat()).unwrap();
    assert_eq!(answer(&mut stream).status, 503);
    for stream in &mut streams {
        stream.write_all(&spot[100..]).unwrap();
    }
    for stream in &mut streams {
        let answer = answer(stream);
        assert_eq!(answer.status, 200, "{}", answer.json());
    }
    wait_for(|| server.running() == 0);
    stream.write_all(&[head.as_bytes(), &spot].concat()).unwrap();
    assert_eq!(answer(&mut stream).status, 200);
    // One that goes away leaves its place.
    let mut leaving = server.connect();
    leaving.write_all(head.as_bytes()).unwrap();
    wait_for(|| server.running() == 1);
    drop(leaving);
    wait_for(|| server.running() == 0);
}

#[test]
fn signals_end_it_after_the_requests_that_have_begun() {
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let server = Server::start("");
        let spot = server.picture("spots/spot.12.jpg");
        let mut stream = server.connect();
        // Neither an idle connection keeps it, nor a body that never comes.
        let (_idle, mut waiting) = (server.connect(), server.connect());
        let head = format!(
            "POST /predict HTTP/1.1\r\nContent-Type: image/jpeg\r\nHost: {}\r\nContent-Length: {}\r\n\r\n",
            server.address,
            spot.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        waiting.write_all(head.as_bytes()).unwrap();
        wait_for(|| server.running() == 2);
        server.program.send(signal);
        wait_for(|| TcpStream::connect(&server.address).is_err());
        stream.write_all(&spot).unwrap();
        let found = answer(&mut stream);
        assert_eq!(found.status, 200, "{}", found.json());
        assert!(answer(&mut waiting).error(408).contains("found none while the server ends"));
        let mut server = server;
        let (found, _, error) = server.program.end();
        assert_eq!((found, error.as_str()), (Some(code), "interrupted: answered 1 picture\n"));
    }
    let (code, error) = Server::start("--weights best").end("HUP");
    assert_eq!((code, error.as_str()), (Some(129), "interrupted: answered 0 pictures\n"));
}

#[test]
fn says_why_it_cannot_start() {
    let workspace = Workspace::empty();
    let error = error_of(petite("serve --port 0").arg(workspace.path("nowhere")));
    assert!(error.contains("nowhere"), "{error}");
    let error = error_of(&mut petite("serve --host nowhere.invalid --port 0 RUN"));
    assert!(error.contains("cannot listen on nowhere.invalid"), "{error}");
    petite("serve RUN --max-parallel 0").assert().code(2);
    petite("serve").assert().code(2);
    petite("serve RUN --allow-host https://a.example").assert().code(2);
}
