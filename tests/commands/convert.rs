use super::support::{Command, Workspace, entries, error_of, output_of, petite};
use petite::weights::{self, Metadata, Named};
use std::io::Write;
use std::path::Path;
use tch::{Kind, Tensor};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

const EXTENSIONS: [&str; 3] = ["ot", "safetensors", "npz"];

fn convert(workspace: &Workspace, from: &str, to: &str) -> Command {
    let mut command = petite("convert");
    command.arg(workspace.path(from)).arg(workspace.path(to));
    command
}

/// Every type that all three formats have, odd shapes, and a tensor with channels-last strides.
fn tensors() -> Named {
    let kinds = [
        Kind::Bool,
        Kind::Uint8,
        Kind::Int8,
        Kind::Int16,
        Kind::Int,
        Kind::Int64,
        Kind::Half,
        Kind::Float,
        Kind::Double,
    ];
    let values = Tensor::from_slice(&[0.0f32, 1.0, -0.0, 100.5, f32::MIN_POSITIVE, 3e4]);
    let mut named: Named = kinds
        .iter()
        .map(|&kind| (format!("layer_{kind:?}.weight"), values.to_kind(kind).reshape([2, 3])))
        .collect();
    let strided = Tensor::arange(24, (Kind::Float, tch::Device::Cpu)).reshape([1, 2, 3, 4]);
    named.push(("z.channels last/1".to_owned(), strided.permute([0, 3, 1, 2])));
    named.push(("a.scalar".to_owned(), Tensor::from(f32::NAN)));
    named.push(("a.empty".to_owned(), Tensor::zeros([0, 3], (Kind::Float, tch::Device::Cpu))));
    named
}

/// Name, type, shape and bits, in the order of the file.
fn contents(path: &Path) -> Vec<(String, Kind, Vec<i64>, Vec<u8>)> {
    contents_of(&weights::load(path).unwrap().0)
}

fn contents_of(tensors: &Named) -> Vec<(String, Kind, Vec<i64>, Vec<u8>)> {
    let bits = |tensor: &Tensor| {
        let mut bytes = vec![0; tensor.numel() * tensor.kind().elt_size_in_bytes()];
        tensor.copy_data_u8(&mut bytes, tensor.numel());
        bytes
    };
    tensors
        .iter()
        .map(|(name, tensor)| (name.clone(), tensor.kind(), tensor.size(), bits(tensor)))
        .collect()
}

fn sorted<T: Ord, U>(mut rows: Vec<(T, U, Vec<i64>, Vec<u8>)>) -> Vec<(T, U, Vec<i64>, Vec<u8>)> {
    rows.sort_by(|a, b| a.0.cmp(&b.0));
    rows
}

#[test]
fn keeps_every_bit_between_all_formats() {
    let workspace = Workspace::empty();
    let expected = contents_of(&tensors());
    for from in EXTENSIONS {
        let source = format!("source.{from}");
        weights::save(&workspace.path(&source), &tensors(), Metadata::new()).unwrap();
        for to in EXTENSIONS {
            let target = format!("from-{from}.{to}");
            let out = output_of(&mut convert(&workspace, &source, &target));
            assert!(out.contains("12 tensors, 79 values"), "{out}");
            let found = contents(&workspace.path(&target));
            assert_eq!(sorted(found.clone()), sorted(expected.clone()), "{from} to {to}");
            // safetensors sorts by name.
            assert!(found == expected || [from, to].contains(&"safetensors"), "{from} to {to}");
        }
    }
    // Nothing was left beside the files.
    assert_eq!(entries(&workspace.path("")).len(), 12);
}

#[test]
fn reads_what_libtorch_wrote_with_other_strides() {
    let workspace = Workspace::empty();
    Tensor::save_multi(&tensors(), workspace.path("plain.ot")).unwrap();
    convert(&workspace, "plain.ot", "out.npz").assert().success();
    assert_eq!(contents(&workspace.path("out.npz")), contents_of(&tensors()));
}

#[test]
fn says_which_type_a_format_does_not_have() {
    let workspace = Workspace::empty();
    let named = vec![("w".to_owned(), Tensor::from_slice(&[1.5f32]).to_kind(Kind::BFloat16))];
    weights::save(&workspace.path("w.safetensors"), &named, Metadata::new()).unwrap();
    convert(&workspace, "w.safetensors", "w.ot").assert().success();
    assert_eq!(contents(&workspace.path("w.ot")), contents_of(&named));
    let error = error_of(&mut convert(&workspace, "w.ot", "w.npz"));
    assert!(error.contains("found BFloat16; try .safetensors"), "{error}");

    let bar = vec![("a|b".to_owned(), Tensor::from_slice(&[1.5f32]))];
    weights::save(&workspace.path("bar.npz"), &bar, Metadata::new()).unwrap();
    let error = error_of(&mut convert(&workspace, "bar.npz", "bar.ot"));
    assert!(error.contains("without bars") && !workspace.path("bar.ot").exists(), "{error}");
}

#[test]
fn takes_a_run_and_its_checkpoint() {
    let workspace = Workspace::with_data();
    workspace.train("run", "--epochs 2").assert().success();
    convert(&workspace, "run", "last.npz").assert().success();
    let names: Vec<String> =
        contents(&workspace.path("last.npz")).into_iter().map(|row| row.0).collect();
    assert_eq!(names[..3], ["conv2d_1.weight", "conv2d_1.bias", "conv2d_2.weight"]);
    assert_eq!((names.len(), names[11].as_str()), (12, "dense_2.bias"));
    assert_eq!(contents(&workspace.path("last.npz")), contents(&workspace.path("run/last.ot")));

    convert(&workspace, "run", "best.npz").args(["--weights", "best"]).assert().success();
    assert_eq!(contents(&workspace.path("best.npz")), contents(&workspace.path("run/best.ot")));

    // Training goes on from a checkpoint that was copied: its metadata came along.
    convert(&workspace, "run/checkpoint.safetensors", "copy.safetensors").assert().success();
    std::fs::rename(
        workspace.path("copy.safetensors"),
        workspace.path("run/checkpoint.safetensors"),
    )
    .unwrap();
    workspace.train("run", "--resume --epochs 3").assert().success();
    assert_eq!(workspace.history("run").len(), 3);
}

#[test]
fn refuses_names_that_cannot_be_meant() {
    let workspace = Workspace::empty();
    workspace.write("folder.txt", b"");
    weights::save(&workspace.path("w.ot"), &tensors(), Metadata::new()).unwrap();
    workspace.write("there.npz", b"kept");
    for (from, to, reason) in [
        ("w.ot", "w.h5", "expected a file name ending in .ot, .safetensors or .npz"),
        ("w.ot", "w", "expected a file name ending in .ot, .safetensors or .npz"),
        ("folder.txt", "w.npz", "expected a file name ending in .ot, .safetensors or .npz"),
        ("nothing.ot", "w.npz", "nothing.ot, found no file"),
        ("w.ot", "w.ot", "expected two files"),
        ("w.ot", "./w.ot", "expected two files"),
        ("w.ot", "there.npz", "try --force"),
        ("w.ot", "", "expected a file name"),
        ("", "w.npz", "config.json"),
        ("w.ot", "no/folder/w.npz", "cannot write"),
    ] {
        let error = error_of(&mut convert(&workspace, from, to));
        assert!(error.contains(reason), "{from} {to}: {error}");
    }
    let error = error_of(convert(&workspace, "w.ot", "w.npz").args(["--weights", "best"]));
    assert!(error.contains("a run folder with --weights"), "{error}");
    assert_eq!(std::fs::read(workspace.path("there.npz")).unwrap(), b"kept");
    convert(&workspace, "w.ot", "there.npz").arg("--force").assert().success();
    assert_eq!(contents(&workspace.path("there.npz")).len(), 12);
}

#[test]
fn refuses_damaged_and_foreign_files() {
    let workspace = Workspace::empty();
    for extension in EXTENSIONS {
        let (good, bad) = (format!("good.{extension}"), format!("bad.{extension}"));
        weights::save(&workspace.path(&good), &tensors(), Metadata::new()).unwrap();
        let bytes = std::fs::read(workspace.path(&good)).unwrap();
        for part in [0, 1, 5, 50, 90, 99] {
            workspace.write(&bad, &bytes[..bytes.len() * part / 100]);
            let error = error_of(&mut convert(&workspace, &bad, "out.npz"));
            assert!(error.contains(&bad) && error.lines().count() == 1, "{error}");
        }
        for other in EXTENSIONS.iter().filter(|other| **other != extension) {
            std::fs::copy(workspace.path(&good), workspace.path(&format!("bad.{other}"))).unwrap();
            let error = error_of(&mut convert(&workspace, &format!("bad.{other}"), "out.npz"));
            assert!(error.contains("expected") && error.lines().count() == 1, "{error}");
        }
    }
    assert!(!workspace.path("out.npz").exists());
}

/// An archive with one file in it.
fn archive(workspace: &Workspace, name: &str, method: CompressionMethod, content: &[u8]) {
    let mut zip = ZipWriter::new(std::fs::File::create(workspace.path("odd.npz")).unwrap());
    zip.start_file(name, SimpleFileOptions::default().compression_method(method)).unwrap();
    zip.write_all(content).unwrap();
    zip.finish().unwrap();
}

/// A `.npy` in format 1 with this header.
fn array(header: &str, elements: &[u8]) -> Vec<u8> {
    let length = (header.len() as u16).to_le_bytes();
    [b"\x93NUMPY\x01\x00", length.as_slice(), header.as_bytes(), elements].concat()
}

#[test]
fn believes_no_header_over_the_length_of_the_file() {
    let workspace = Workspace::empty();
    let bytes = [1u8, 2, 3, 4, 5, 6];
    let header = |shape: &str| {
        array(&format!("{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}, }}"), &bytes)
    };
    for shape in ["(7,)", "(5,)", "(4611686018427387904, 4)", "(99999999999,)", "(-6,)", "(x,)"] {
        archive(&workspace, "w.npy", CompressionMethod::Stored, &header(shape));
        let error = error_of(&mut convert(&workspace, "odd.npz", "out.ot"));
        assert!(error.contains("cannot read w of"), "{shape}: {error}");
    }
    for content in [b"".as_slice(), b"\x93NUMPY\x09\x00", b"\x93NUMPY\x02\x00\xff\xff\xff\xff"] {
        archive(&workspace, "w.npy", CompressionMethod::Stored, content);
        error_of(&mut convert(&workspace, "odd.npz", "out.ot"));
    }
    archive(&workspace, "notes.txt", CompressionMethod::Stored, b"notes");
    let error = error_of(&mut convert(&workspace, "odd.npz", "out.ot"));
    assert!(error.contains("found notes.txt in it"), "{error}");

    // A flipped bit does not fit the zip's checksum.
    archive(&workspace, "w.npy", CompressionMethod::Stored, &header("(6,)"));
    let mut damaged = std::fs::read(workspace.path("odd.npz")).unwrap();
    let place = damaged.windows(6).position(|window| window == bytes).unwrap();
    damaged[place] ^= 1;
    workspace.write("odd.npz", &damaged);
    error_of(&mut convert(&workspace, "odd.npz", "out.ot"));
}

/// `numpy.savez_compressed("odd.npz", w=numpy.arange(1, 7, dtype="u1").reshape(2, 3).T)`
#[test]
fn reads_compressed_columns() {
    let workspace = Workspace::empty();
    let header = "{'descr': '|u1', 'fortran_order': True, 'shape': (3, 2), }";
    let content = array(header, &[1, 2, 3, 4, 5, 6]);
    archive(&workspace, "w.npy", CompressionMethod::Deflated, &content);
    convert(&workspace, "odd.npz", "out.safetensors").assert().success();
    let rows = vec![1, 4, 2, 5, 3, 6];
    let expected = [("w".to_owned(), Kind::Uint8, vec![3, 2], rows)];
    assert_eq!(contents(&workspace.path("out.safetensors")), expected);
}
