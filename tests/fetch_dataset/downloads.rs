//! The downloads, with the network's side played by stubs and by a server on this machine.

use crate::place::{KAGGLE, MICROSOFT, Place, TRAIN, answer, python, which};
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::process::Command;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

#[test]
fn kaggles_client_downloads_what_is_unpacked_and_removed() {
    let place = Place::new();
    place.zip("train.zip", &TRAIN);
    place.zip("ready.zip", &["test1.zip", "train.zip=train.zip"]);
    let ready = place.path("ready.zip");
    place.stub(
        "kaggle",
        &format!(
            "[ \"$1 $2 $3 $4 $5\" = 'competitions download -c dogs-vs-cats -p' ] || exit 9\n\
             cp '{}' \"$6/dogs-vs-cats.zip\"",
            ready.display()
        ),
    );
    place.fetch("--kaggle").brought("brought 2 cats and 2 dogs: ");
    assert_eq!(place.names("to"), KAGGLE);
    assert!(place.names("cache").is_empty());
}

#[test]
fn each_failure_of_kaggles_client_has_its_message() {
    let place = Place::new();
    place.close_path("");
    place.fetch("--kaggle").refused(&["Kaggle's client, found none; try pip install kaggle"]);
    for (says, parts) in [
        (
            "403 Client Error: Forbidden for url: https://api.kaggle.com/v1/x",
            ["competition's rules to be accepted", "competitions/dogs-vs-cats/rules"],
        ),
        (
            "403 - Forbidden - You must accept this competition's rules",
            ["found Kaggle refusing (403)", "try accepting them at https://"],
        ),
        (
            "Authentication required to call the Kaggle API.",
            ["a Kaggle token, found none that works", "https://www.kaggle.com/settings"],
        ),
        (
            "OSError: Could not find kaggle.json. Make sure it is located in /home/me/.kaggle",
            ["a Kaggle token, found none that works", "KAGGLE_USERNAME and KAGGLE_KEY"],
        ),
        (
            "HTTPSConnectionPool(host=api.kaggle.com): Max retries exceeded with url: /v1",
            ["an answer from Kaggle, found no network", "try again when there is one"],
        ),
        ("No module named six", ["Kaggle's client failed: No module named six", "--upgrade"]),
    ] {
        place.stub("kaggle", &format!("cat >&2 <<'END'\n{says}\nEND\nexit 1"));
        place.fetch("--kaggle").refused(&parts);
    }
    place.stub("kaggle", "echo '<html>' >\"$6/dogs-vs-cats.zip\"");
    place.fetch("--kaggle").refused(&["dogs-vs-cats.zip, found another kind of file"]);
    assert!(place.names("cache").is_empty());
    place.nothing_left();
}

#[test]
fn each_failure_of_a_download_has_its_message() {
    let place = Place::new();
    // cp's part of curl: the last argument but one is the file.
    let file = "while [ $# -gt 2 ]; do shift; done\n";
    place.stub("curl", "exit 6");
    place.fetch("--microsoft").refused(&["from https://download.microsoft.com/", "no network"]);
    place.stub("curl", &format!("{file}printf 12345 >>\"$1\"; exit 18"));
    place.fetch("--microsoft").refused(&["broken off after 5 bytes; try again: it goes on"]);
    place.fetch("--microsoft").refused(&["broken off after 10 bytes"]);
    place.stub("curl", "exit 7");
    place.fetch("--microsoft").refused(&["found no network, or one that does not reach it"]);
    place.stub("curl", "printf 503; exit 22");
    place.fetch("--microsoft").refused(&["found the server's error 503; try again, or --kaggle"]);
    assert_eq!(place.names("cache"), ["kagglecatsanddogs_5340.zip"]);
    place.stub("curl", "printf 416; exit 22");
    place.fetch("--microsoft").refused(&["found the server's error 416"]);
    assert!(place.names("cache").is_empty());
    place.stub("curl", "exit 23");
    place.fetch("--microsoft").refused(&["cannot write ", "try another PETITE_CACHE"]);
    place.stub("curl", &format!("{file}echo '<html>' >\"$1\""));
    place.fetch("--microsoft").refused(&["found another kind of file"]);
    assert!(place.names("cache").is_empty());
    place.nothing_left();
}

/// Serves `body`, of which it sends the first request only half. Sends the requests' ranges on.
fn serve(body: Vec<u8>) -> (String, mpsc::Receiver<Option<usize>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/archive.zip", listener.local_addr().unwrap());
    let (sender, ranges) = mpsc::channel();
    thread::spawn(move || {
        for (request, stream) in listener.incoming().enumerate() {
            let mut stream = stream.unwrap();
            let lines = BufReader::new(stream.try_clone().unwrap()).lines();
            let head: Vec<_> = lines.map(Result::unwrap).take_while(|l| !l.is_empty()).collect();
            let range = head.iter().find_map(|line| {
                let line = line.to_lowercase();
                line.strip_prefix("range: bytes=")?.strip_suffix('-')?.parse::<usize>().ok()
            });
            let rest = &body[range.unwrap_or(0)..];
            let (first, last, all) = (range.unwrap_or(0), body.len() - 1, body.len());
            let status = match range {
                Some(_) => {
                    format!("206 Partial Content\r\nContent-Range: bytes {first}-{last}/{all}")
                }
                None => "200 OK".to_owned(),
            };
            let sent = if request == 0 { &rest[..rest.len() / 2] } else { rest };
            let length = rest.len();
            write!(
                stream,
                "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nAccept-Ranges: bytes\r\n\
                 Connection: close\r\n\r\n"
            )
            .unwrap();
            stream.write_all(sent).unwrap();
            sender.send(range).unwrap();
        }
    });
    (url, ranges)
}

#[test]
fn a_broken_download_goes_on_with_curl_wget_or_python() {
    for downloader in ["curl", "wget", ""] {
        if which(downloader).is_none() && !downloader.is_empty() {
            crate::skipped::skipped(
                "a broken download goes on",
                &format!("{downloader} is not here"),
            );
            continue;
        }
        let place = Place::new();
        place.close_path(downloader);
        place.zip("archive.zip", &MICROSOFT);
        let body = fs::read(place.path("archive.zip")).unwrap();
        let half = body.len() / 2;
        let (url, ranges) = serve(body);
        let fetch = || {
            let mut command = place.command(&["--microsoft", "--to", "to", "--each", "2"]);
            answer(command.env("PETITE_MICROSOFT_URL", &url))
        };
        fetch().refused(&[&format!("broken off after {half} bytes; try again")]);
        ranges.try_iter().last();
        place.nothing_left();
        fetch().brought("brought 2 cats and 2 dogs: ");
        assert_eq!(ranges.try_iter().last(), Some(Some(half)), "{downloader}");
        assert_eq!(place.names("to"), KAGGLE);
        assert!(place.names("cache").is_empty());
    }
}

#[test]
fn no_network_is_said_with_curl_wget_or_python() {
    for downloader in ["curl", "wget", ""] {
        let place = Place::new();
        if which(downloader).is_none() && !downloader.is_empty() {
            continue;
        }
        place.close_path(downloader);
        // A port on which nobody listens.
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let mut command = place.command(&["--microsoft", "--to", "to"]);
        answer(command.env("PETITE_MICROSOFT_URL", format!("http://{free}/archive.zip")))
            .refused(&["expected an answer from http://127.0.0.1:", "found no network"]);
        assert!(place.names("cache").is_empty());
    }
}

/// Ends a run of the script on `source` once the file `started` is there.
#[track_caller]
fn end_when_started(place: &Place, source: &str) {
    let mut run = place.command(&[source, "--to", "to", "--each", "2"]).spawn().unwrap();
    let begun = Instant::now();
    while !place.path("started").exists() {
        assert!(begun.elapsed() < Duration::from_secs(20), "the script did not get there");
        thread::sleep(Duration::from_millis(10));
    }
    let ended = Instant::now();
    assert!(Command::new("kill").arg(run.id().to_string()).status().unwrap().success());
    assert_eq!(run.wait().unwrap().code(), Some(130));
    assert!(ended.elapsed() < Duration::from_secs(10));
    place.nothing_left();
}

#[test]
fn an_ended_run_leaves_nothing_half_made() {
    let place = Place::new();
    let wait = format!("touch '{}'; exec sleep 30", place.path("started").display());
    place.stub("kaggle", &wait);
    end_when_started(&place, "--kaggle");
    fs::remove_file(place.path("started")).unwrap();

    place.zip("train.zip", &TRAIN);
    let python = python();
    let half = format!("[ \"$3\" != unpack ] || {{ echo half >\"$5/cat.0.jpg\"; {wait}; }}");
    place.stub("python3", &format!("{half}\nexec '{python}' \"$@\""));
    end_when_started(&place, "train.zip");
}
