//! Files that are whole, and every way they may be broken.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use super::*;
use proptest::prelude::{any, prop, proptest};

fn file(header: &str, data: &[u8]) -> Vec<u8> {
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend_from_slice(header.as_bytes());
    bytes.extend_from_slice(data);
    bytes
}

fn open(bytes: Vec<u8>) -> Result<Weights, NnError> {
    Weights::from_bytes(Path::new("some/model.safetensors"), bytes)
}

fn good() -> Vec<u8> {
    let header = r#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F16","shape":[1,2],"data_offsets":[8,12]},"c":{"dtype":"BF16","shape":[1],"data_offsets":[12,14]},"d":{"dtype":"I16","shape":[1],"data_offsets":[14,16]}}"#;
    let mut data = Vec::new();
    data.extend(1.5_f32.to_le_bytes());
    data.extend((-2.25_f32).to_le_bytes());
    data.extend(f16::from_f32(0.5).to_le_bytes());
    data.extend(f16::from_f32(-3.0).to_le_bytes());
    data.extend(bf16::from_f32(4.0).to_le_bytes());
    data.extend(7_i16.to_le_bytes());
    file(header, &data)
}

fn check_refused(bytes: Vec<u8>, expected: &str) {
    let message = open(bytes).unwrap_err().to_string();
    assert!(message.contains(expected), "{message:?} does not say {expected:?}");
    assert!(message.ends_with("some/model.safetensors"), "{message}");
}

#[test]
fn every_float_type_becomes_f32() {
    let weights = open(good()).unwrap();
    assert_eq!(weights.values("a", &[2]).unwrap(), [1.5, -2.25]);
    assert_eq!(weights.values("b", &[1, 2]).unwrap(), [0.5, -3.0]);
    assert_eq!(weights.values("c", &[1]).unwrap(), [4.0]);
    assert_eq!(weights.tensor("b", &[1, 2], &Device::Cpu).unwrap().dims(), [1, 2]);
}

#[test]
fn a_wrong_tensor_is_named_with_what_was_expected() {
    let weights = open(good()).unwrap();
    let message = |name: &str, shape: &[usize]| weights.values(name, shape).unwrap_err().to_string();
    assert!(message("a", &[3]).contains("tensor `a`: expected [3], found [2]"));
    assert!(message("z", &[3]).contains("tensor `z`: expected [3], found nothing"));
    assert!(message("d", &[1]).contains("I16"));
}

#[test]
fn a_tensor_is_read_with_another_shape_of_as_many_numbers() {
    let other_name = |name: &str| (name == "long").then(|| "a".to_owned());
    let mut weights = open(good()).unwrap().with_names(other_name);
    weights.reshape("long", &[1, 2, 1]);
    assert_eq!(weights.values("a", &[1, 2, 1]).unwrap(), [1.5, -2.25]);
    weights.reshape("long", &[3]);
    weights.reshape("absent", &[3]);
    assert_eq!((weights.shape("a"), weights.shape("absent")), (Some([1, 2, 1].as_slice()), None));
}

#[test]
fn a_tensor_is_replaced() {
    let mut weights = open(good()).unwrap();
    weights.replace("a", &[1, 3], &[7.0, 8.0, 9.0]).unwrap();
    assert_eq!(weights.values("a", &[1, 3]).unwrap(), [7.0, 8.0, 9.0]);
    assert_eq!(weights.values("b", &[1, 2]).unwrap(), [0.5, -3.0]);
    let message = weights.replace("a", &[2], &[7.0]).unwrap_err().to_string();
    assert!(message.contains("`a`: expected [2], found 1 numbers"), "{message}");
}

#[test]
fn broken_files_are_refused() {
    check_refused(Vec::new(), "cut or damaged");
    check_refused(good()[..good().len() - 1].to_vec(), "cut or damaged");
    check_refused(u64::MAX.to_le_bytes().to_vec(), "cut or damaged");
    check_refused(file("not json", &[]), "cut or damaged");
    let entry = |shape: &str, offsets: &str| {
        format!(r#"{{"a":{{"dtype":"F32","shape":{shape},"data_offsets":{offsets}}}}}"#)
    };
    check_refused(file(&entry("[1]", "[0,18446744073709551615]"), &[0; 4]), "cut or damaged");
    check_refused(file(&entry("[1]", "[8,4]"), &[0; 4]), "cut or damaged");
    check_refused(file(&entry("[4294967296,4294967296,2]", "[0,4]"), &[0; 4]), "cut or damaged");
    check_refused(file(&entry("[2]", "[0,4]"), &[0; 4]), "cut or damaged");
    check_refused(b"PK\x03\x04....".to_vec(), "zip archive without its end");
    check_refused(b"\x80\x02\x8a\x0al".to_vec(), "torch.save");
    check_refused(b"version https://git-lfs.github.com/spec/v1\n".to_vec(), "git lfs pull");
    check_refused(b"<!DOCTYPE html>".to_vec(), "web page");
}

#[test]
fn an_absent_file_is_named() {
    let message = Weights::open(Path::new("/nonexistent/w.safetensors")).unwrap_err().to_string();
    assert!(message.contains("/nonexistent/w.safetensors"), "{message}");
}

proptest! {
    #[test]
    fn damaged_bytes_never_panic(position in any::<prop::sample::Index>(), value: u8, length in any::<prop::sample::Index>()) {
        let mut bytes = good();
        let at = position.index(bytes.len());
        bytes[at] = value;
        bytes.truncate(length.index(bytes.len() + 1));
        if let Ok(weights) = open(bytes) {
            for (name, shape) in [("a", vec![2]), ("b", vec![1, 2]), ("c", vec![1]), ("d", vec![1])] {
                let _ = weights.values(name, &shape);
            }
        }
    }
}

/// Written by PyTorch 2.15:
/// ```python
/// model = {"module.a.weight": torch.arange(6.).reshape(2, 3) / 4, "module.a.bias": torch.tensor([1.5, -2.]).half(),
///          "module.n.running_var": torch.tensor([0.1]).double(), "module.n.num_batches_tracked": torch.tensor(7),
///          "module.view": torch.arange(10.)[4:8].reshape(2, 2)}
/// torch.save({"model": model, "epoch": 3, "args": argparse.Namespace(lr=0.1)}, "checkpoint.pth")
/// ```
const CHECKPOINT: &[u8] = include_bytes!("fixtures/checkpoint.pth");

/// Written by PyTorch 2.15:
/// ```python
/// state = torch.nn.BatchNorm1d(2).state_dict()
/// state["running_mean"].copy_(torch.tensor([0.5, -0.25]))
/// state["extra"] = torch.nn.Parameter(torch.tensor([[1., 2.]]).bfloat16())
/// torch.save(state, "state_dict.pth")
/// ```
const STATE_DICT: &[u8] = include_bytes!("fixtures/state_dict.pth");

fn checkpoint_with(from: &[u8], to: &[u8]) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let at = CHECKPOINT.windows(from.len()).position(|window| window == from).unwrap();
    let mut bytes = CHECKPOINT.to_vec();
    bytes[at..at + to.len()].copy_from_slice(to);
    bytes
}

#[test]
fn a_pytorch_checkpoint_is_read_as_data() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoint.pth");
    std::fs::write(&path, CHECKPOINT).unwrap();
    for weights in [open(CHECKPOINT.to_vec()).unwrap(), Weights::open(&path).unwrap()] {
        assert_eq!(weights.values("a.weight", &[2, 3]).unwrap(), [0.0, 0.25, 0.5, 0.75, 1.0, 1.25]);
        assert_eq!(weights.values("a.bias", &[2]).unwrap(), [1.5, -2.0]);
        assert_eq!(weights.values("n.running_var", &[1]).unwrap(), [0.1]);
        assert_eq!(weights.values("view", &[2, 2]).unwrap(), [4.0, 5.0, 6.0, 7.0]);
        assert_eq!(weights.shape("n.num_batches_tracked"), None);
        assert_eq!(weights.digest(), blake3::hash(CHECKPOINT).to_hex().to_string());
    }
}

#[test]
fn a_bare_state_dict_with_a_parameter_is_read() {
    let weights = open(STATE_DICT.to_vec()).unwrap();
    assert_eq!(weights.values("weight", &[2]).unwrap(), [1.0, 1.0]);
    assert_eq!(weights.values("running_mean", &[2]).unwrap(), [0.5, -0.25]);
    assert_eq!(weights.values("extra", &[1, 2]).unwrap(), [1.0, 2.0]);
    assert!(weights.values("num_batches_tracked", &[]).is_err());
}

#[test]
fn checkpoints_that_lie_are_refused() {
    // BINPUT 0 after the first dictionary becomes EXT1, which no checkpoint has.
    check_refused(checkpoint_with(b"}q\x00(X", b"}\x82\x00(X"), "pickle opcode 0x82");
    // The shape (2, 3) becomes (9, 3), beyond the storage.
    check_refused(
        checkpoint_with(b"QK\x00K\x02K\x03\x86", b"QK\x00K\x09K\x03\x86"),
        "cut (tensor `a.weight`)",
    );
    // Strides (3, 1) become (1, 2).
    check_refused(checkpoint_with(b"K\x03K\x01\x86", b"K\x01K\x02\x86"), "contiguous()");
    check_refused(checkpoint_with(b"little", b"big..."), "big-endian");
    check_refused(CHECKPOINT[..CHECKPOINT.len() - 30].to_vec(), "zip archive without its end");
    check_refused(
        checkpoint_with(b"X\x05\x00\x00\x00model", b"X\x05\x00\x00\x00muddl"),
        "without a dictionary of tensors",
    );
    check_refused(checkpoint_with(b"X\x05\x00\x00\x00model", b"X\xFF\xFF\xFF\xFFmodel"), "cut or damaged");
}

#[test]
fn a_checkpoint_that_would_run_code_is_refused_by_its_name() {
    // A file whose loading would call `shutil.copyfileobj` has as long a name as the harmless `argparse.Namespace`.
    check_refused(
        checkpoint_with(b"cargparse\nNamespace", b"cshutil\ncopyfileobj"),
        "runs `shutil.copyfileobj`",
    );
}

#[test]
fn a_checkpoint_becomes_safetensors() {
    let checkpoint = open(CHECKPOINT.to_vec()).unwrap();
    let mut bytes = Vec::new();
    checkpoint.write_safetensors(&mut bytes).unwrap();
    let weights = open(bytes).unwrap();
    assert_eq!((weights.n_tensors(), checkpoint.n_tensors()), (4, 4));
    for (name, shape) in
        [("a.weight", &[2, 3][..]), ("a.bias", &[2]), ("n.running_var", &[1]), ("view", &[2, 2])]
    {
        assert_eq!(weights.values(name, shape).unwrap(), checkpoint.values(name, shape).unwrap(), "{name}");
    }
    let mut room = [0_u8; 20];
    assert!(matches!(checkpoint.write_safetensors(&mut room[..]), Err(NnError::Write(_))));
}

#[test]
fn names_of_other_libraries_are_tried_second() {
    let tensors = [("b.a", vec![1.0_f32]), ("mine", vec![2.0]), ("b.mine", vec![3.0])];
    let tensors = tensors.map(|(name, values)| (name.to_owned(), (vec![1], values)));
    let weights = Weights::from_tensors("a test", tensors.into()).unwrap();
    assert!(weights.values("a", &[1]).is_err());
    let weights = weights.with_names(|name| (name != "none").then(|| format!("b.{name}")));
    assert_eq!(weights.values("a", &[1]).unwrap(), [1.0]);
    assert_eq!(weights.values("mine", &[1]).unwrap(), [2.0]);
    assert_eq!(weights.shape("a"), Some(&[1][..]));
    assert!(weights.values("none", &[1]).unwrap_err().to_string().contains("`none`"));
    let short = BTreeMap::from([("a".to_owned(), (vec![2, 2], vec![0.0; 3]))]);
    assert!(Weights::from_tensors("a test", short).unwrap_err().to_string().contains("3 numbers"));
}

proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(2000))]

    #[test]
    fn damaged_checkpoints_never_panic(
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        length in any::<prop::sample::Index>(),
    ) {
        let mut bytes = CHECKPOINT.to_vec();
        for (position, value) in damage {
            let at = position.index(bytes.len());
            bytes[at] = value;
        }
        if length.index(4) == 0 {
            bytes.truncate(length.index(bytes.len() + 1));
        }
        if let Ok(weights) = open(bytes) {
            for name in ["a.weight", "a.bias", "n.running_var", "view"] {
                if let Some(shape) = weights.shape(name).map(<[usize]>::to_vec) {
                    let _ = weights.values(name, &shape);
                }
            }
        }
    }

    #[test]
    fn any_description_is_an_answer(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = pickle::described_tensors(&bytes);
        let letters: Vec<u8> = bytes.iter().map(|&byte| b"(t)}]Xqh.RcQbuse\x85\x86\x87K"[usize::from(byte) % 20]).collect();
        let _ = pickle::described_tensors(&letters);
    }
}
