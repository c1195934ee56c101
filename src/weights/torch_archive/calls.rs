//! The calls in the pickle of an archive, each implemented here: no name is looked up or called.

use super::pickle::Machine;
use super::value::{Global, Root, Storage, Value, View};
use crate::weights::element::MAX_DIMENSIONS;
use anyhow::{Result, bail, ensure};

/// Maximum length of a storage's key in bytes; keys are numbers.
const MAX_KEY: usize = 100;

/// Maximum number of tensors; the largest ResNets have a hundredth of it.
const MAX_TENSORS: usize = 100_000;

impl Machine<'_> {
    /// GLOBAL: pushes a function or type, by module and name.
    pub(super) fn global(&mut self) -> Result<()> {
        let (module, name) = (self.take_line()?, self.take_line()?);
        match Global::named(&module, &name, self.root) {
            Some(global) => self.stack.push(Value::Global(global)),
            // Checkpoints have more than weights in them, such as the settings of an optimizer.
            None if self.root == Root::StateDict => {
                self.classes.push(format!("{module}.{name}"));
                self.stack.push(Value::Object(self.classes.len() - 1));
            }
            None => bail!(
                "expected the pickle of {}, found a call for {module}.{name}; nothing was run",
                self.root.name()
            ),
        }
        Ok(())
    }

    /// BINPERSID: pushes a storage, from `("storage", type, key, device, count)`.
    pub(super) fn persistent_id(&mut self) -> Result<()> {
        let id = self.pop()?;
        let fields = self.tuple(id)?;
        if let [_, object @ Value::Object(_), ..] = fields[..] {
            self.stack.push(object);
            return Ok(());
        }
        let [
            Value::Text(tag),
            Value::Global(Global::Storage(kind)),
            Value::Text(key),
            _,
            Value::Int(count),
        ] = fields[..]
        else {
            bail!("expected a storage, found another kind of reference");
        };
        ensure!(self.texts[tag] == "storage", "expected a storage, found another reference");
        let key = self.texts[key];
        ensure!(key.len() <= MAX_KEY, "expected a key of at most {MAX_KEY} bytes");
        let key = key.to_owned();
        self.storages.push(Storage { key, kind, count });
        self.stack.push(Value::Storage(self.storages.len() - 1));
        Ok(())
    }

    /// A tuple that is short: copying a long one for every call would take forever.
    fn tuple(&self, value: Value) -> Result<Vec<Value>> {
        let Value::Tuple(index) = value else {
            bail!("expected a tuple, found {}", value.kind());
        };
        let items = &self.tuples[index];
        ensure!(
            items.len() <= MAX_DIMENSIONS,
            "expected a tuple of at most {MAX_DIMENSIONS} items, found {}",
            items.len()
        );
        Ok(items.clone())
    }

    fn numbers(&self, value: Value) -> Result<Vec<i64>> {
        let number = |value| match value {
            Value::Int(number) => Ok(number),
            other => bail!("expected a number, found {}", Value::kind(other)),
        };
        self.tuple(value)?.into_iter().map(number).collect()
    }

    /// NEWOBJ: an empty TorchScript module, or an object of which nothing is known.
    pub(super) fn new_object(&mut self) -> Result<()> {
        let arguments = self.pop()?;
        let class = self.pop()?;
        if let Value::Object(_) = class {
            self.stack.push(class);
            return Ok(());
        }
        let arguments = self.tuple(arguments)?;
        ensure!(
            matches!(class, Value::Global(Global::Module)) && arguments.is_empty(),
            "expected a new module, found {} with {} arguments (NEWOBJ); nothing was run",
            class.kind(),
            arguments.len()
        );
        self.push_module();
        Ok(())
    }

    /// REDUCE: a call of one of the three known functions, or one that makes an unknown object.
    pub(super) fn reduce(&mut self) -> Result<()> {
        let arguments = self.pop()?;
        let function = match self.pop()? {
            Value::Global(function) => function,
            object @ Value::Object(_) => {
                self.stack.push(object);
                return Ok(());
            }
            other => bail!("expected a function to call, found {}", other.kind()),
        };
        let arguments = self.tuple(arguments)?;
        match (function, arguments.as_slice()) {
            (Global::OrderedDict, []) => self.push_dict(),
            // requires_grad and hooks do not matter for weights. A metadata argument, which follows
            // them, could say that the elements are negated.
            (
                Global::RebuildTensor,
                &[
                    Value::Storage(storage),
                    Value::Int(offset),
                    size,
                    stride,
                    Value::Bool,
                    Value::Dict(_),
                ],
            ) => {
                ensure!(
                    self.views.len() < MAX_TENSORS,
                    "expected at most {MAX_TENSORS} tensors, found more"
                );
                let (size, stride) = (self.numbers(size)?, self.numbers(stride)?);
                let storage = self.storages[storage].clone();
                self.views.push(View { storage, offset, size, stride });
                self.stack.push(Value::View(self.views.len() - 1));
            }
            (Global::RebuildTensor, &[object @ Value::Object(_), ..])
            | (
                Global::RebuildParameter,
                &[object @ (Value::View(_) | Value::Object(_)), Value::Bool, Value::Dict(_)],
            ) => self.stack.push(object),
            (function, arguments) => bail!(
                "expected a call that creates a tensor, found {function:?} with {} arguments; nothing was run",
                arguments.len()
            ),
        }
        Ok(())
    }

    /// BUILD: attributes of an object. A module's are its tensors. A state_dict has one, `_metadata`,
    /// which is ignored.
    pub(super) fn build(&mut self) -> Result<()> {
        let state = self.pop()?;
        match (state, self.top()?) {
            (Value::Dict(state), Value::Module(module)) => {
                let attributes = std::mem::take(self.dict(state)?);
                self.dict(module)?.extend(attributes);
            }
            (Value::Dict(state), Value::Dict(_)) => {
                for (name, _) in std::mem::take(self.dict(state)?) {
                    let known =
                        matches!(name, Value::Text(name) if self.texts[name] == "_metadata");
                    ensure!(known, "expected only the attribute _metadata, found another");
                }
            }
            (_, Value::Object(_)) => {}
            (_, other) => bail!(
                "expected the pickle of {}, found attributes for {}; nothing was run",
                self.root.name(),
                other.kind()
            ),
        }
        Ok(())
    }
}
