//! The calls in the pickle of a state_dict, each implemented here: no name is looked up or called.

use super::pickle::Machine;
use super::value::{Global, Storage, Value, View};
use anyhow::{Context, Result, bail, ensure};

impl Machine<'_> {
    /// GLOBAL: pushes a function or type, by module and name.
    pub(super) fn global(&mut self) -> Result<()> {
        let (module, name) = (self.take_line()?, self.take_line()?);
        let global = Global::named(&module, &name).with_context(|| {
            format!(
                "expected the pickle of a state_dict, found a call for {module}.{name}; nothing was run"
            )
        })?;
        self.stack.push(Value::Global(global));
        Ok(())
    }

    /// BINPERSID: pushes a storage, from `("storage", type, key, device, count)`.
    pub(super) fn persistent_id(&mut self) -> Result<()> {
        let id = self.pop()?;
        let fields = self.tuple(id)?;
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
        ensure!(self.texts[tag] == "storage", "expected a storage, found {:?}", self.texts[tag]);
        let key = self.texts[key].clone();
        self.storages.push(Storage { key, kind, count });
        self.stack.push(Value::Storage(self.storages.len() - 1));
        Ok(())
    }

    fn tuple(&self, value: Value) -> Result<Vec<Value>> {
        match value {
            Value::Tuple(index) => Ok(self.tuples[index].clone()),
            other => bail!("expected a tuple, found {}", other.kind()),
        }
    }

    fn numbers(&self, value: Value) -> Result<Vec<i64>> {
        let number = |value| match value {
            Value::Int(number) => Ok(number),
            other => bail!("expected a number, found {}", Value::kind(other)),
        };
        self.tuple(value)?.into_iter().map(number).collect()
    }

    /// REDUCE: a call of one of the three known functions.
    pub(super) fn reduce(&mut self) -> Result<()> {
        let arguments = self.pop()?;
        let arguments = self.tuple(arguments)?;
        let function = self.pop()?;
        let Value::Global(function) = function else {
            bail!("expected a function to call, found {}", function.kind());
        };
        match (function, arguments.as_slice()) {
            (Global::OrderedDict, []) => self.push_dict(),
            // requires_grad, hooks and metadata do not matter for weights.
            (
                Global::RebuildTensor,
                &[
                    Value::Storage(storage),
                    Value::Int(offset),
                    size,
                    stride,
                    Value::Bool,
                    Value::Dict(_),
                    ..,
                ],
            ) => {
                let (size, stride) = (self.numbers(size)?, self.numbers(stride)?);
                let storage = self.storages[storage].clone();
                self.views.push(View { storage, offset, size, stride });
                self.stack.push(Value::View(self.views.len() - 1));
            }
            (Global::RebuildParameter, &[view @ Value::View(_), Value::Bool, Value::Dict(_)]) => {
                self.stack.push(view);
            }
            (function, arguments) => bail!(
                "expected a call that creates a tensor, found {function:?} with {} arguments; nothing was run",
                arguments.len()
            ),
        }
        Ok(())
    }

    /// BUILD: attributes of an object. A state_dict has one, `_metadata`, which is ignored.
    pub(super) fn build(&mut self) -> Result<()> {
        let state = self.pop()?;
        let (Value::Dict(state), Value::Dict(_)) = (state, self.top()?) else {
            bail!(
                "expected the pickle of a state_dict, found attributes for {}; nothing was run",
                self.top()?.kind()
            );
        };
        for (name, _) in std::mem::take(self.dict(state)?) {
            let known = matches!(name, Value::Text(name) if self.texts[name] == "_metadata");
            ensure!(known, "expected only the attribute _metadata, found another");
        }
        Ok(())
    }
}
