//! The pickle of an archive, read as data: a machine without a way to call anything.
//!
//! A pickle is a program for a small stack machine (`pickletools` lists its instructions), and
//! Python's machine calls any function that the program names. This one only supports the
//! instructions that `torch.save` and libtorch write, and only the names of what makes tensors have a
//! meaning: any other makes an object without contents, which is no tensor.
//! Values are in vectors and refer to each other by index, so that no nesting can exhaust the stack.

use super::value::{Root, Storage, Value, View};
use anyhow::{Context, Result, bail, ensure};
use std::collections::HashMap;

/// Maximum length of a name in bytes.
pub(super) const MAX_NAME: usize = 1000;

/// The stack machine.
#[derive(Default)]
pub(super) struct Machine<'a> {
    /// The instructions that remain.
    bytes: &'a [u8],
    pub(super) root: Root,
    pub(super) stack: Vec<Value>,
    /// Height of the stack at each open MARK.
    marks: Vec<usize>,
    memo: HashMap<u32, Value>,
    pub(super) texts: Vec<&'a str>,
    pub(super) tuples: Vec<Vec<Value>>,
    pub(super) dicts: Vec<Vec<(Value, Value)>>,
    pub(super) storages: Vec<Storage>,
    pub(super) views: Vec<View>,
    /// What the pickle's objects are of: the names of classes and functions.
    pub(super) classes: Vec<String>,
}

impl<'a> Machine<'a> {
    pub(super) fn new(bytes: &'a [u8], root: Root) -> Self {
        Self { bytes, root, ..Self::default() }
    }

    /// Executes the instructions up to STOP and returns the value on top of the stack.
    #[allow(clippy::too_many_lines, reason = "a table of instructions")]
    pub(super) fn run(&mut self) -> Result<Value> {
        loop {
            let [instruction] = self.take()?;
            match instruction {
                b'.' => return self.pop(),
                0x80 => {
                    let [protocol] = self.take()?;
                    ensure!(protocol == 2, "expected pickle protocol 2, found {protocol}");
                }
                b'(' => self.marks.push(self.stack.len()),
                b'N' => self.stack.push(Value::None),
                0x88 | 0x89 => self.stack.push(Value::Bool),
                b'G' => {
                    let [..] = self.take::<8>()?;
                    self.stack.push(Value::Float);
                }
                b'K' => {
                    let [byte] = self.take()?;
                    self.stack.push(Value::Int(byte.into()));
                }
                b'M' => {
                    let value = u16::from_le_bytes(self.take()?);
                    self.stack.push(Value::Int(value.into()));
                }
                b'J' => {
                    let value = i32::from_le_bytes(self.take()?);
                    self.stack.push(Value::Int(value.into()));
                }
                0x8a => self.long()?,
                b'X' => {
                    let length = u32::from_le_bytes(self.take()?);
                    let text = std::str::from_utf8(self.take_slice(length as usize)?)?;
                    self.texts.push(text);
                    self.stack.push(Value::Text(self.texts.len() - 1));
                }
                b')' => self.push_tuple(Vec::new()),
                0x85..=0x87 => {
                    let items = self.pop_several(usize::from(instruction - 0x84))?;
                    self.push_tuple(items);
                }
                b't' => {
                    let items = self.pop_to_mark()?;
                    self.push_tuple(items);
                }
                b'}' => self.push_dict(),
                b']' => self.stack.push(Value::List),
                b'a' => drop(self.pop_several(1)?),
                b'e' => drop(self.pop_to_mark()?),
                b's' => {
                    let items = self.pop_several(2)?;
                    self.set_items(&items)?;
                }
                b'u' => {
                    let items = self.pop_to_mark()?;
                    self.set_items(&items)?;
                }
                b'q' => {
                    let [index] = self.take()?;
                    self.put(index.into())?;
                }
                b'r' => {
                    let index = u32::from_le_bytes(self.take()?);
                    self.put(index)?;
                }
                b'h' => {
                    let [index] = self.take()?;
                    self.get(index.into())?;
                }
                b'j' => {
                    let index = u32::from_le_bytes(self.take()?);
                    self.get(index)?;
                }
                b'c' => self.global()?,
                b'Q' => self.persistent_id()?,
                b'R' => self.reduce()?,
                b'b' => self.build()?,
                0x81 => self.new_object()?,
                other => bail!(
                    "expected the pickle of {}, found instruction {other:#04x}{}; nothing was run",
                    self.root.name(),
                    described(other)
                ),
            }
        }
    }

    fn take_slice(&mut self, length: usize) -> Result<&'a [u8]> {
        let (taken, rest) = self
            .bytes
            .split_at_checked(length)
            .context("expected a whole pickle, found its end")?;
        self.bytes = rest;
        Ok(taken)
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N]> {
        Ok(self.take_slice(N)?.try_into()?)
    }

    /// The text up to a line feed.
    pub(super) fn take_line(&mut self) -> Result<String> {
        let end = self.bytes.iter().position(|&byte| byte == b'\n');
        let end = end.context("expected a name, found the pickle's end")?;
        ensure!(end <= MAX_NAME, "expected a name of at most {MAX_NAME} bytes, found {end}");
        let line = self.take_slice(end + 1)?;
        Ok(String::from_utf8_lossy(&line[..end]).into_owned())
    }

    /// Height below which values must not be popped: that of the last open MARK.
    fn floor(&self) -> usize {
        self.marks.last().copied().unwrap_or(0)
    }

    pub(super) fn pop(&mut self) -> Result<Value> {
        let [value] = self.pop_several(1)?[..] else { bail!("expected a value, found none") };
        Ok(value)
    }

    fn pop_several(&mut self, count: usize) -> Result<Vec<Value>> {
        let start = self.stack.len().checked_sub(count).filter(|&start| start >= self.floor());
        Ok(self.stack.split_off(start.context("expected a value, found an empty stack")?))
    }

    fn pop_to_mark(&mut self) -> Result<Vec<Value>> {
        let mark = self.marks.pop().context("expected a mark, found none")?;
        Ok(self.stack.split_off(mark))
    }

    fn push_tuple(&mut self, items: Vec<Value>) {
        self.tuples.push(items);
        self.stack.push(Value::Tuple(self.tuples.len() - 1));
    }

    pub(super) fn push_dict(&mut self) {
        self.dicts.push(Vec::new());
        self.stack.push(Value::Dict(self.dicts.len() - 1));
    }

    pub(super) fn push_module(&mut self) {
        self.dicts.push(Vec::new());
        self.stack.push(Value::Module(self.dicts.len() - 1));
    }

    pub(super) fn top(&self) -> Result<Value> {
        ensure!(self.stack.len() > self.floor(), "expected a value, found an empty stack");
        self.stack.last().copied().context("expected a value, found an empty stack")
    }

    fn put(&mut self, index: u32) -> Result<()> {
        let top = self.top()?;
        self.memo.insert(index, top);
        Ok(())
    }

    fn get(&mut self, index: u32) -> Result<()> {
        let value = self.memo.get(&index).context("expected a stored value, found none")?;
        self.stack.push(*value);
        Ok(())
    }

    pub(super) fn dict(&mut self, index: usize) -> Result<&mut Vec<(Value, Value)>> {
        self.dicts.get_mut(index).context("expected a dict, found none")
    }

    fn set_items(&mut self, items: &[Value]) -> Result<()> {
        let dict = match self.top()? {
            Value::Dict(dict) => dict,
            Value::Object(_) => return Ok(()),
            other => bail!("expected a dict, found {}", other.kind()),
        };
        ensure!(items.len().is_multiple_of(2), "expected a value for every name");
        let pairs = items.chunks_exact(2).map(|pair| (pair[0], pair[1]));
        self.dict(dict)?.extend(pairs);
        Ok(())
    }

    /// LONG1: a length, then a two's complement number of that many bytes.
    fn long(&mut self) -> Result<()> {
        let [length] = self.take()?;
        let digits = self.take_slice(length.into())?;
        ensure!(digits.len() <= 8, "expected a number of at most 8 bytes, found {length}");
        let negative = digits.last().is_some_and(|byte| byte & 0x80 != 0);
        let mut bytes = [if negative { 0xff } else { 0 }; 8];
        bytes[..digits.len()].copy_from_slice(digits);
        self.stack.push(Value::Int(i64::from_le_bytes(bytes)));
        Ok(())
    }
}

/// Descriptions of rejected instructions that are worth reporting.
fn described(instruction: u8) -> &'static str {
    match instruction {
        0x93 => " (STACK_GLOBAL, a reference to any function)",
        b'i' => " (INST, a call of any class)",
        b'o' => " (OBJ, a call of any class)",
        0x92 => " (NEWOBJ_EX, a new object of any class)",
        0x82..=0x84 => " (EXT, a reference to any function)",
        _ => "",
    }
}
