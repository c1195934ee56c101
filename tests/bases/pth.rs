//! PyTorch's `.pth`: what torch.save wrote is read, and nothing in a file is ever executed.

use crate::drawn::{base, golden};
use crate::pickles::{archive, global, int, misfits, state, storage, tensor, text, tuple};
use petite::nn::{base::Base, stored::Stored, zoo::Model};
use petite::weights;
use petite::weights::pth::state_dict;
use std::path::Path;
use tch::{Device, Kind, Tensor};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

#[test]
fn tensors_of_torch_save_are_read_bit_for_bit() {
    let found = weights::load(&golden("state_dict.pth")).unwrap().0;
    let (expected, _) = weights::load(&golden("state_dict.safetensors")).unwrap();
    assert_eq!(found.len(), expected.len());
    for (name, tensor) in &found {
        let (_, expected) = expected.iter().find(|(known, _)| known == name).unwrap();
        assert_eq!(tensor.kind(), expected.kind(), "{name}");
        assert_eq!(tensor.size(), expected.size(), "{name}");
        assert!(tensor.numel() == 0 || tensor == expected, "{name}");
    }
    // Views of one storage, another order of elements, an empty one: all of it is in the file.
    for name in ["transposed", "part", "empty", "bfloat16", "bn.num_batches_tracked"] {
        assert!(found.iter().any(|(known, _)| known == name), "{name}");
    }
}

/// What comes of a file with this pickle and two floats as storage 0.
fn load(pickle: &[u8]) -> Result<Vec<(String, Tensor)>, String> {
    let two = [1f32.to_le_bytes(), 2f32.to_le_bytes()].concat();
    load_bytes(&archive(pickle, &[("data/0", &two)], CompressionMethod::Stored))
}

fn load_bytes(bytes: &[u8]) -> Result<Vec<(String, Tensor)>, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("w.pth");
    std::fs::write(&path, bytes).unwrap();
    weights::load(&path).map(|found| found.0).map_err(|error| format!("{error:#}"))
}

#[test]
fn the_pickles_of_these_tests_are_good_ones() {
    let good = state("w", &tensor(storage("FloatStorage", "0", 2), 0, &[2], &[1]));
    let found = load(&good).unwrap();
    assert_eq!(found, [("w".to_owned(), Tensor::from_slice(&[1f32, 2.0]))]);
}

#[test]
fn hostile_pickles_are_refused_and_nothing_is_run() {
    let folder = tempfile::tempdir().unwrap();
    let witness = folder.path().join("was-run");
    let command = tuple(&[text(&format!("touch {}", witness.display()))]);
    let call =
        |module: &str, name: &str| [global(module, name), command.clone(), b"R".to_vec()].concat();
    let stack_global =
        [text("posix"), text("system"), b"\x93".to_vec(), command.clone(), b"R".to_vec()];
    let instance = [b"(".to_vec(), command.clone(), b"iposix\nsystem\n".to_vec()].concat();
    let hooks = [global("collections", "OrderedDict"), command.clone(), b"R".to_vec()].concat();
    let good = || tensor(storage("FloatStorage", "0", 2), 0, &[2], &[1]);
    let built = |value: Vec<u8>, attribute: &str| {
        [value, b"}".to_vec(), text(attribute), int(1), b"sb".to_vec()].concat()
    };
    for (value, reason) in [
        (call("posix", "system"), "a call for posix.system; nothing was run"),
        (call("os", "system"), "a call for os.system"),
        (call("builtins", "eval"), "a call for builtins.eval"),
        (call("torch.storage", "_load_from_bytes"), "torch.storage._load_from_bytes"),
        (call("torch._utils", "_rebuild_tensor_v2"), "RebuildTensor with 1 arguments"),
        (call("torch", "FloatStorage"), "Storage(Float) with 1 arguments"),
        (stack_global.concat(), "STACK_GLOBAL"),
        (instance, "INST"),
        (hooks, "OrderedDict with 1 arguments"),
        (b"\x82\x01".to_vec(), "EXT"),
        ([global("collections", "OrderedDict"), b")\x81".to_vec()].concat(), "NEWOBJ"),
        (built(good(), "__class__"), "attributes for a tensor"),
        (built(b"}".to_vec(), "__setstate__"), "only the attribute _metadata"),
        (b"]".to_vec(), "a list"),
        (int(1), "an int under \"w\""),
        (b"G\0\0\0\0\0\0\0\0".to_vec(), "a float under"),
        (text("code"), "a string under"),
        (global("torch", "ComplexFloatStorage"), "torch.ComplexFloatStorage"),
    ] {
        let error = load(&state("w", &value)).unwrap_err();
        assert!(error.contains(reason), "{reason}: {error}");
    }
    assert!(load(&good()).is_err());
    assert!(load(&[b"\x80\x04".as_slice(), &state("w", &good())[2..]].concat()).is_err());
    assert!(!witness.exists());
}

/// What trainers save beside the weights is passed over, and named; nothing of it is run.
#[test]
fn the_weights_of_a_checkpoint_are_read() {
    let float = || b"G?\xb9\x99\x99\x99\x99\x99\x9a".to_vec();
    let dict = |items: &[(&str, Vec<u8>)]| {
        let items = items.iter().flat_map(|(name, value)| [text(name), value.clone()].concat());
        [b"}(".as_slice(), &items.collect::<Vec<u8>>(), b"u"].concat()
    };
    let weights = |name| dict(&[(name, tensor(storage("FloatStorage", "0", 2), 0, &[2], &[1]))]);
    let settings = || {
        let namespace = [global("argparse", "Namespace"), b")\x81".to_vec()].concat();
        [namespace, dict(&[("lr", float())]), b"b".to_vec()].concat()
    };
    let optimizer =
        || dict(&[("state", b"}".to_vec()), ("groups", [b"](", &float()[..], b"}e"].concat())]);
    let checkpoint = |items: &[(&str, Vec<u8>)]| {
        let pickle = [b"\x80\x02".to_vec(), dict(items), b".".to_vec()].concat();
        let elements: Vec<u8> = [1f32, 2.0].iter().flat_map(|value| value.to_le_bytes()).collect();
        let bytes = archive(&pickle, &[("data/0", &elements)], CompressionMethod::Stored);
        weights::parse(&bytes, None, Path::new("w.ckpt")).map_err(|error| format!("{error:#}"))
    };
    let beside = || [("epoch", int(3)), ("args", settings()), ("optimizer", optimizer())];
    for entry in ["state_dict", "model", "net"] {
        let items = [&beside()[..], &[(entry, weights("module.w"))]].concat();
        let (tensors, metadata) = checkpoint(&items).unwrap();
        assert_eq!(tensors, [("module.w".to_owned(), Tensor::from_slice(&[1f32, 2.0]))]);
        assert_eq!(metadata[weights::LEFT_OUT], "epoch, args, optimizer");
    }
    let (tensors, metadata) =
        checkpoint(&[("ema", weights("e")), ("model", weights("m"))]).unwrap();
    assert_eq!((tensors[0].0.as_str(), metadata[weights::LEFT_OUT].as_str()), ("m", "ema"));
    let error = checkpoint(&[("a", weights("w")), ("b", weights("w"))]).unwrap_err();
    assert!(error.contains("those of a, b; try torch.save(checkpoint[\"a\"]"), "{error}");
    assert!(checkpoint(&beside()).unwrap_err().contains("an int under \"epoch\""));
    let error = checkpoint(&[("model", settings())]).unwrap_err();
    assert!(error.contains("a call for argparse.Namespace; nothing was run"), "{error}");
    // A state_dict by itself has nothing left out.
    assert!(
        checkpoint(&[("w", tensor(storage("FloatStorage", "0", 2), 0, &[2], &[1]))])
            .unwrap()
            .1
            .is_empty()
    );
}

#[test]
fn a_tensor_beyond_its_elements_is_refused() {
    let view = |count, offset, size: &[i64], stride: &[i64]| {
        load(&state("w", &tensor(storage("FloatStorage", "0", count), offset, size, stride)))
    };
    assert!(view(2, 1, &[1], &[5]).is_ok());
    for (count, offset, size, stride) in misfits() {
        let error = view(count, offset, &size, &stride).unwrap_err();
        assert!(error.contains("expected"), "{count} {offset} {size:?} {stride:?}: {error}");
    }
    for key in ["1", "../data/0", "0\0", ""] {
        let value = tensor(storage("FloatStorage", key, 2), 0, &[2], &[1]);
        assert!(load(&state("w", &value)).is_err(), "{key:?}");
    }
}

#[test]
fn nesting_and_compression_exhaust_nothing() {
    let deep = [b"\x80\x02)".as_slice(), &vec![0x85; 1_000_000], b"."].concat();
    assert!(load(&deep).is_err());
    // A dict that holds itself.
    let own = state("w", &[b"}q\0".as_slice(), &text("w"), b"h\0s"].concat());
    assert!(load(&own).unwrap_err().contains("a dict under"));
    assert!(load(&[b"\x80\x02".as_slice(), &vec![b'}'; 9 << 20], b"."].concat()).is_err());

    let good = state("w", &tensor(storage("FloatStorage", "0", 1 << 22), 0, &[1 << 22], &[1]));
    let zeros = vec![0; 1 << 24];
    let bytes = archive(&good, &[("data/0", &zeros)], CompressionMethod::Deflated);
    assert!(load_bytes(&bytes).unwrap_err().contains("uncompressed"));
    let bytes = archive(&good, &[("data/0", &zeros)], CompressionMethod::Stored);
    assert_eq!(load_bytes(&bytes).unwrap()[0].1.size(), [1 << 22]);
}

#[test]
fn older_and_other_files_are_refused_with_what_to_do() {
    let error = load_bytes(b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.").unwrap_err();
    assert!(error.contains("PyTorch's older format") && error.contains("torch.save("), "{error}");
    assert!(load_bytes(b"").unwrap_err().contains("another kind of file"));
    let big = archive(b"", &[("byteorder", b"big")], CompressionMethod::Stored);
    assert!(load_bytes(&big).unwrap_err().contains("little-endian"));
    let mut empty = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    empty.start_file("readme.txt", SimpleFileOptions::default()).unwrap();
    assert!(load_bytes(&empty.finish().unwrap().into_inner()).unwrap_err().contains("data.pkl"));
    let error = weights::load(&golden("none.pth")).unwrap_err().to_string();
    assert!(error.contains("found no file"), "{error}");
}

/// Cut at many lengths, and many a byte changed: an answer each time.
#[test]
fn damaged_files_never_panic() {
    let whole = std::fs::read(golden("state_dict.pth")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("w.pth");
    for length in (0..whole.len()).step_by(23) {
        std::fs::write(&path, &whole[..length]).unwrap();
        assert!(weights::load(&path).is_err(), "cut to {length}");
    }
    for at in (0..whole.len()).step_by(11) {
        let mut damaged = whole.clone();
        damaged[at] ^= 0xff;
        std::fs::write(&path, &damaged).unwrap();
        let _ = weights::load(&path);
    }
}

/// Past the archive's checksums: every byte of a pickle changed to every value, and read.
#[test]
fn damaged_pickles_never_panic() {
    let good = state("w", &tensor(storage("FloatStorage", "0", 2), 0, &[2, 1], &[1, 1]));
    let two = [0; 8];
    for at in 0..good.len() {
        for value in 0..=255 {
            let mut damaged = good.clone();
            damaged[at] = value;
            if state_dict::state_dict(&damaged).is_ok() {
                let bytes = archive(&damaged, &[("data/0", &two)], CompressionMethod::Stored);
                let _ = load_bytes(&bytes);
            }
        }
        assert!(state_dict::state_dict(&good[..at]).is_err());
    }
}

/// torchvision's file of a ResNet as torch.save writes it, less the elements' alignment.
#[test]
fn a_resnet_comes_from_a_pth() {
    let base = base(Model::Resnet18, 1.0);
    let mut tensors = base.stack.tensors();
    tensors.push(("bn1.num_batches_tracked".to_owned(), Tensor::from(7i64)));
    tensors.push(("fc.weight".to_owned(), Tensor::zeros([1000, 512], (Kind::Float, Device::Cpu))));
    let mut pickle = b"\x80\x02}(".to_vec();
    let mut files = Vec::new();
    for (place, (name, value)) in tensors.iter().enumerate() {
        let value = value.contiguous();
        let kind = if value.kind() == Kind::Float { "FloatStorage" } else { "LongStorage" };
        let elements = storage(kind, &place.to_string(), value.numel() as i64);
        pickle.extend(text(name));
        pickle.extend(tensor(elements, 0, &value.size(), &value.stride()));
        let mut bytes = vec![0; value.numel() * value.kind().elt_size_in_bytes()];
        value.copy_data_u8(&mut bytes, value.numel());
        files.push((format!("data/{place}"), bytes));
    }
    pickle.extend(b"u.");
    let files: Vec<(&str, &[u8])> =
        files.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("resnet18.pth");
    std::fs::write(&path, archive(&pickle, &files, CompressionMethod::Stored)).unwrap();

    let stored = Stored::read(&path).unwrap();
    let pretrained = |model: Model, stored: &Stored| {
        let whole = model.base_architecture(1.0).unwrap();
        Base::pretrained(model, whole, stored, Device::Cpu)
    };
    let (loaded, passed_over) = pretrained(Model::Resnet18, &stored).unwrap();
    assert_eq!(loaded.stack.tensors(), base.stack.tensors());
    assert_eq!(passed_over, ["bn1.num_batches_tracked", "fc.weight"]);
    let error = pretrained(Model::Resnet34, &stored).unwrap_err();
    assert!(format!("{error:#}").contains("found those of resnet18; try"), "{error:#}");
    // PyTorch's counters of layers that are not there are no counters.
    let mut other = base.stack.tensors();
    other.push(("layer9.bn.num_batches_tracked".to_owned(), Tensor::from(7i64)));
    let path = folder.path().join("other.safetensors");
    weights::save(&path, &other, Default::default()).unwrap();
    let stored = Stored::read(&path).unwrap();
    assert!(pretrained(Model::Resnet18, &stored).is_err());
}
