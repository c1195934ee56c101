//! The header of a safetensors file: JSON with the text metadata and, by name, the type, shape and
//! place of every tensor.

use crate::weights::element::{ELEMENTS, bytes_in};
use ::safetensors::Dtype;
use ::safetensors::tensor::TensorInfo;
use anyhow::{Context, Result, ensure};
use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};
use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::io::Read;
use tch::Kind;

/// Maximum length of a header in bytes; that of the largest ResNet has a hundredth of it.
const MAX_HEADER: u64 = 16 << 20;

/// The key of the metadata in the JSON.
const METADATA: &str = "__metadata__";

/// A header. Written, equal ones give equal bytes.
#[derive(Debug, Default)]
pub(super) struct Header {
    pub metadata: BTreeMap<String, String>,
    /// In the order of their bytes.
    pub tensors: Vec<(String, TensorInfo)>,
}

impl Header {
    /// Adds a tensor behind those before it.
    pub fn push(&mut self, name: &str, dtype: Dtype, shape: Vec<usize>, bytes: usize) {
        let start = self.tensors.last().map_or(0, |(_, info)| info.data_offsets.1);
        let data_offsets = (start, start + bytes);
        self.tensors.push((name.to_owned(), TensorInfo { dtype, shape, data_offsets }));
    }

    /// The header with its length in front, padded for 8-byte alignment of the elements.
    ///
    /// # Errors
    /// If a name occurs twice or is reserved, or the header is too long.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let mut names = HashSet::from([METADATA]);
        for (name, _) in &self.tensors {
            ensure!(
                names.insert(name),
                "expected every name once, and none to be {METADATA}, found {name:?}"
            );
        }
        let mut json = serde_json::to_vec(self)?;
        json.resize(json.len().next_multiple_of(8), b' ');
        let length = json.len() as u64;
        ensure!(
            length <= MAX_HEADER,
            "expected a header of at most {MAX_HEADER} bytes, found {length}; try fewer tensors"
        );
        Ok([&length.to_le_bytes(), json.as_slice()].concat())
    }

    /// Reads the header of a file of `length` bytes.
    ///
    /// # Errors
    /// If it is damaged, or its tensors do not fill the rest of the file without gaps.
    pub fn read(reader: &mut impl Read, length: u64) -> Result<Self> {
        let mut start = [0; 8];
        reader.read_exact(&mut start)?;
        let in_json = u64::from_le_bytes(start);
        let rest = length.checked_sub(8).and_then(|rest| rest.checked_sub(in_json));
        let rest = rest.with_context(|| {
            format!("expected a header within the file's {length} bytes, found {in_json}")
        })?;
        ensure!(
            in_json <= MAX_HEADER,
            "expected a header of at most {MAX_HEADER} bytes, found {in_json}"
        );
        let mut json = vec![0; in_json as usize];
        reader.read_exact(&mut json)?;
        let mut header: Self = serde_json::from_slice(&json)?;
        header.tensors.sort_by_key(|(_, info)| info.data_offsets);
        let mut end = 0;
        for (name, info) in &header.tensors {
            let bytes = bytes_in(&shape_of(info)?, kind_of(info, name)?)?;
            let (from, to) = info.data_offsets;
            ensure!(
                from == end && to.checked_sub(from) == Some(bytes),
                "expected {bytes} bytes from {end} on for {name}, found {from} to {to}"
            );
            end = to;
        }
        ensure!(end as u64 == rest, "expected {end} bytes after the header, found {rest}");
        Ok(header)
    }
}

/// The shape as libtorch wants it.
pub(super) fn shape_of(info: &TensorInfo) -> Result<Vec<i64>> {
    info.shape.iter().map(|&size| Ok(i64::try_from(size)?)).collect()
}

/// The element type of the tensor `name`.
pub(super) fn kind_of(info: &TensorInfo, name: &str) -> Result<Kind> {
    let known = ELEMENTS.iter().find(|(_, dtype, _)| *dtype == info.dtype);
    let (kind, ..) = known.with_context(|| {
        format!(
            "expected a type that libtorch has for {name}, found {}; try casting it to F32",
            info.dtype
        )
    })?;
    Ok(*kind)
}

impl Serialize for Header {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry(METADATA, &self.metadata)?;
        for (name, info) in &self.tensors {
            map.serialize_entry(name, info)?;
        }
        map.end()
    }
}

/// serde takes the last of several values of a key; this refuses them.
impl<'de> Deserialize<'de> for Header {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(HeaderVisitor)
    }
}

struct HeaderVisitor;

impl<'de> Visitor<'de> for HeaderVisitor {
    type Value = Header;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("tensors by name")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Header, A::Error> {
        let (mut header, mut names) = (Header::default(), HashSet::new());
        while let Some(name) = map.next_key::<String>()? {
            if !names.insert(name.clone()) {
                return Err(A::Error::custom(format!("expected {name:?} once, found it twice")));
            }
            if name == METADATA {
                header.metadata = map.next_value::<Texts>()?.0;
            } else {
                header.tensors.push((name, map.next_value()?));
            }
        }
        Ok(header)
    }
}

/// Texts by unique names; `null` for none.
struct Texts(BTreeMap<String, String>);

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextsVisitor)
    }
}

struct TextsVisitor;

impl<'de> Visitor<'de> for TextsVisitor {
    type Value = Texts;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("metadata, texts by name")
    }

    fn visit_unit<E: Error>(self) -> Result<Texts, E> {
        Ok(Texts(BTreeMap::new()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Texts, A::Error> {
        let mut texts = BTreeMap::new();
        while let Some((name, text)) = map.next_entry::<String, String>()? {
            if texts.insert(name, text).is_some() {
                return Err(A::Error::custom("expected every metadata key once, found one twice"));
            }
        }
        Ok(Texts(texts))
    }
}
