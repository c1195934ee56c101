//! scripts/fetch_dataset.sh with petite itself, on pictures of a few bytes.

use assert_cmd::Command;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;
use std::sync::mpsc;
use std::thread;
use tempfile::TempDir;
use zip::{ZipWriter, write::SimpleFileOptions};

/// The names of the same four pictures.
const KAGGLE: [&str; 4] = ["cat.0.jpg", "cat.1.jpg", "dog.0.jpg", "dog.1.jpg"];
const TRAIN: [&str; 4] =
    ["train/cat.0.jpg", "train/cat.1.jpg", "train/dog.0.jpg", "train/dog.1.jpg"];
const MICROSOFT: [&str; 4] =
    ["PetImages/Cat/0.jpg", "PetImages/Cat/1.jpg", "PetImages/Dog/0.jpg", "PetImages/Dog/1.jpg"];

/// A folder with a cache and a PATH of its own, and a petite that takes two pictures of each class.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        let place = Self(TempDir::new().unwrap());
        fs::create_dir(place.path("bin")).unwrap();
        for tool in "bash cat dirname ls mkdir mktemp mv rm tail".split(' ') {
            place.link(tool);
        }
        // Python itself, behind whatever is called python3 here.
        let python = ["-c", "import sys; print(sys.executable)"];
        let python = Command::new("python3").args(python).output().unwrap().stdout;
        let python = String::from_utf8(python).unwrap();
        place.stub("python3", &format!("exec '{}' \"$@\"", python.trim()));
        let program = assert_cmd::cargo::cargo_bin!("petite").display();
        place.stub("petite", &format!("exec '{program}' \"$@\" --train 1 --validation 1 --test 0"));
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Puts a program of this machine into the PATH; `false` if it has none.
    fn link(&self, tool: &str) -> bool {
        let path = std::env::var_os("PATH").unwrap();
        let found = std::env::split_paths(&path).map(|folder| folder.join(tool));
        let Some(found) = found.into_iter().find(|path| path.is_file()) else { return false };
        symlink(found, self.path("bin").join(tool)).unwrap();
        true
    }

    fn stub(&self, name: &str, body: &str) {
        let path = self.path("bin").join(name);
        fs::write(&path, format!("#!/bin/sh\n{body}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Files that hold their own names.
    fn files(&self, folder: &str, names: &[&str]) {
        for name in names {
            let path = self.path(folder).join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, name).unwrap();
        }
    }

    /// A zip of members that hold their own names, but for those that are files here.
    fn zip(&self, name: &str, members: &[&str]) {
        let mut zip = ZipWriter::new(File::create(self.path(name)).unwrap());
        for member in members {
            zip.start_file(*member, SimpleFileOptions::default()).unwrap();
            let inner = fs::read(self.path(member)).unwrap_or_else(|_| member.as_bytes().to_vec());
            zip.write_all(&inner).unwrap();
        }
        zip.finish().unwrap();
    }

    fn fetch(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("bash");
        command
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/fetch_dataset.sh"))
            .args(arguments)
            .current_dir(self.path(""))
            .env("PATH", self.path("bin"))
            .env("PETITE", self.path("bin/petite"))
            .env("PETITE_CACHE", self.path("cache"))
            .env("no_proxy", "*")
            .env_remove("PETITE_MICROSOFT_URL");
        command
    }

    /// Checks that the script makes a data set `to`, in which the picture of each name holds the text of
    /// the same place in `holding`.
    #[track_caller]
    fn brings(&self, command: &mut Command, holding: &[&str; 4]) {
        command.args(["--to", "to"]).assert().success();
        for (name, holding) in KAGGLE.iter().zip(holding) {
            let part = if name.contains('0') { "train" } else { "validation" };
            let path = self.path(&format!("to/{part}/{}s/{name}", &name[..3]));
            assert_eq!(fs::read_to_string(path).unwrap(), *holding);
        }
        self.fetch(&["nowhere", "--to", "to"]).assert().success().stdout("already there: to\n");
        fs::remove_dir_all(self.path("to")).unwrap();
        // Neither a download nor anything else, but what petite unpacked.
        let left =
            fs::read_dir(self.path("cache")).unwrap().map(|entry| entry.unwrap().file_name());
        assert!(left.into_iter().all(|name| name == "archives"));
    }

    /// Checks that the script makes nothing and says this.
    #[track_caller]
    fn refuses(&self, command: &mut Command, parts: &[&str]) {
        let error = command.args(["--to", "to"]).assert().code(1).get_output().stderr.clone();
        let error = String::from_utf8(error).unwrap();
        parts.iter().for_each(|part| assert!(error.contains(part), "expected {part:?} in {error}"));
        assert!(!self.path("to").exists());
    }
}

#[test]
fn every_source_becomes_the_books_split() {
    let place = Place::new();
    place.files("plain", &KAGGLE);
    place.files("unzipped", &TRAIN);
    place.files("microsofts", &MICROSOFT);
    place.files("microsofts/PetImages", &["Cat/Thumbs.db", "Cat/copy of 0.jpg"]);
    place.zip("train.zip", &TRAIN);
    place.zip("test1.zip", &["test1/1.jpg"]);
    place.zip("dogs-vs-cats.zip", &["train.zip", "test1.zip", "sampleSubmission.csv"]);
    place.zip("microsoft.zip", &[&MICROSOFT[..], &["readme[1].txt"]].concat());
    for (source, holding) in [
        ("plain", KAGGLE),
        ("unzipped", TRAIN),
        ("microsofts", MICROSOFT),
        ("microsofts/PetImages", MICROSOFT),
        ("train.zip", TRAIN),
        ("dogs-vs-cats.zip", TRAIN),
        ("microsoft.zip", MICROSOFT),
    ] {
        place.brings(&mut place.fetch(&[source]), &holding);
    }
}

#[test]
fn what_is_no_source_is_refused() {
    let place = Place::new();
    place.files("", &["page.html"]);
    place.zip("whole.zip", &MICROSOFT);
    let mut bytes = fs::read(place.path("whole.zip")).unwrap();
    bytes[50] ^= 1;
    fs::write(place.path("damaged.zip"), &bytes).unwrap();
    place.zip("three.zip", &TRAIN[..3]);
    for (source, said) in [
        ("nowhere", "expected a folder or a zip at nowhere, found nothing; try another PATH"),
        ("page.html", "expected a folder or an archive (.zip, .tar, .tar.gz, .tgz) at page.html"),
        ("damaged.zip", "cannot read damaged.zip: "),
        ("three.zip", "found 1 missing: dog.1.jpg; try"),
    ] {
        place.refuses(&mut place.fetch(&[source]), &[said]);
    }
    place.refuses(
        place.fetch(&["whole.zip"]).env("PETITE", "nowhere"),
        &["expected petite at nowhere, found none; try cargo build"],
    );
    place.refuses(
        place.fetch(&["whole.zip"]).env("PETITE_CACHE", "/proc/petite-cache"),
        &["cannot write to /proc/petite-cache; try another PETITE_CACHE"],
    );
    for (arguments, message) in [
        (&[][..], "found no source"),
        (&["--from", "x"], "unknown argument '--from'"),
        (&["--kaggle", "--microsoft"], "expected one source, found --kaggle and --microsoft"),
        (&["x", "--to"], "--to needs a folder"),
    ] {
        let error = place.fetch(arguments).assert().code(2).get_output().stderr.clone();
        let error = String::from_utf8(error).unwrap();
        assert!(error.contains(message) && error.contains("usage: scripts/fetch_d"), "{error}");
    }
    place.fetch(&["--help"]).assert().success();
}

#[test]
fn kaggles_client_downloads_or_its_failure_is_explained() {
    let place = Place::new();
    place.refuses(&mut place.fetch(&["--kaggle"]), &["found none; try pip install kaggle"]);
    for (says, parts) in [
        ("403 Client Error: Forbidden for url: https://api.kaggle.com/v1/x", "rules (Join"),
        ("Authentication required to call the Kaggle API.", "https://www.kaggle.com/settings"),
        ("OSError: Could not find kaggle.json in /home/me/.kaggle", "KAGGLE_USERNAME and"),
        ("HTTPSConnectionPool(host=api.kaggle.com): Max retries exceeded", "found no network"),
        ("No module named six", "Kaggle's client failed: No module named six; try"),
    ] {
        place.stub("kaggle", &format!("cat >&2 <<'END'\n{says}\nEND\nexit 1"));
        place.refuses(&mut place.fetch(&["--kaggle"]), &[parts]);
    }
    place.zip("train.zip", &TRAIN);
    place.zip("ready.zip", &["train.zip"]);
    let ready = place.path("ready.zip").display().to_string();
    let client = |file: &str| {
        let called = "[ \"$1 $2 $3 $4 $5\" = 'competitions download -c dogs-vs-cats -p' ]";
        place.stub("kaggle", &format!("{called} || exit 9\ncat '{file}' >\"$6/dogs-vs-cats.zip\""));
    };
    client("/dev/null");
    place.refuses(&mut place.fetch(&["--kaggle"]), &["the download is kept in", "try removing it"]);
    fs::remove_file(place.path("cache/dogs-vs-cats.zip")).unwrap();
    client(&ready);
    place.brings(&mut place.fetch(&["--kaggle"]), &TRAIN);
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
                line.to_lowercase().strip_prefix("range: bytes=")?.strip_suffix('-')?.parse().ok()
            });
            let rest = &body[range.unwrap_or(0)..];
            let (first, last, all) = (range.unwrap_or(0), body.len() - 1, body.len());
            let status = match range {
                Some(_) => {
                    format!("206 Partial Content\r\nContent-Range: bytes {first}-{last}/{all}")
                }
                None => "200 OK".to_owned(),
            };
            let length = rest.len();
            let sent = if request == 0 { &rest[..length / 2] } else { rest };
            write!(
                stream,
                "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
            )
            .and_then(|()| stream.write_all(sent))
            .unwrap();
            sender.send(range).unwrap();
        }
    });
    (url, ranges)
}

#[test]
fn a_broken_download_goes_on_with_curl_or_wget() {
    for downloader in ["curl", "wget"] {
        let place = Place::new();
        place
            .refuses(&mut place.fetch(&["--microsoft"]), &["expected curl or wget, found neither"]);
        if !place.link(downloader) {
            skipped::skipped("a broken download goes on", &format!("{downloader} is not here"));
            continue;
        }
        // A port on which nobody listens.
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let fetch = |url: &str| {
            let mut command = place.fetch(&["--microsoft"]);
            command.env("PETITE_MICROSOFT_URL", url);
            command
        };
        let none = format!("http://{free}/archive.zip");
        place.refuses(&mut fetch(&none), &["expected the whole archive at http://127.0.0.1:"]);

        place.zip("archive.zip", &MICROSOFT);
        let body = fs::read(place.path("archive.zip")).unwrap();
        let half = body.len() / 2;
        let (url, ranges) = serve(body);
        place.refuses(&mut fetch(&url), &["try again, which continues the download, or --kaggle"]);
        assert_eq!(ranges.try_iter().last(), Some(None));
        place.brings(&mut fetch(&url), &MICROSOFT);
        assert_eq!(ranges.try_iter().last(), Some(Some(half)), "{downloader}");
    }
}

#[path = "support/skipped.rs"]
mod skipped;
