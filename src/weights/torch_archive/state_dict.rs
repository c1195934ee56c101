//! The tensors by name in a pickle: a state_dict, the only one in a checkpoint, or a module's.

use super::pickle::{MAX_NAME, Machine};
use super::value::{Root, Value, View};
use crate::text::numbers::listed;
use anyhow::{Result, bail, ensure};
use std::collections::HashSet;

/// Names of the dictionary of weights in checkpoints, where others could be meant too, such as running
/// means of the weights.
const USUAL: [&str; 3] = ["state_dict", "model_state_dict", "model"];

/// Largest number of entries of a checkpoint.
const MAX_ENTRIES: usize = 100;

/// What is in a pickle.
pub(in super::super) struct Tensors {
    /// By name, in order.
    pub views: Vec<(String, View)>,
    /// The names of what is beside them, if anything.
    pub left_out: Option<String>,
}

/// The tensors of a state_dict, by name, in order.
///
/// # Errors
/// If `pickle` is damaged, has no tensors by name, or has a name twice.
pub fn state_dict(pickle: &[u8]) -> Result<Vec<(String, View)>> {
    Ok(tensors(pickle, Root::StateDict)?.views)
}

/// The tensors in a `root`.
///
/// # Errors
/// If `pickle` is damaged, has no tensors by name, those of several networks, or a name twice.
pub(in super::super) fn tensors(pickle: &[u8], root: Root) -> Result<Tensors> {
    let mut machine = Machine::new(pickle, root);
    let mut items = match (root, machine.run()?) {
        (Root::StateDict, Value::Dict(dict)) | (Root::Module, Value::Module(dict)) => {
            std::mem::take(machine.dict(dict)?)
        }
        (Root::StateDict, other) => {
            bail!("expected a state_dict, found {}; try model.state_dict()", machine.kind(other))
        }
        (Root::Module, other) => bail!("expected a module, found {}", other.kind()),
    };
    let mut left_out = None;
    if let Some((dict, others)) = machine.state_dict_in(&items)? {
        items = std::mem::take(machine.dict(dict)?);
        left_out = (!others.is_empty()).then(|| listed(&others));
    }
    let mut tensors = Vec::with_capacity(items.len());
    let mut names = HashSet::new();
    for (name, value) in items {
        let Value::Text(name) = name else {
            bail!("expected the name of a tensor, found {}", name.kind());
        };
        let name = machine.texts[name];
        ensure!(
            name.len() <= MAX_NAME,
            "expected names of at most {MAX_NAME} bytes, found {}",
            name.len()
        );
        ensure!(names.insert(name), "expected every name once, found {name:?} twice");
        match value {
            Value::View(view) => tensors.push((name.to_owned(), machine.views[view].clone())),
            other => bail!(
                "expected only tensors, found {} under {name:?}; try {}",
                machine.kind(other),
                match root {
                    Root::StateDict => "saving model.state_dict()",
                    Root::Module => "a file that petite or tch wrote",
                }
            ),
        }
    }
    Ok(Tensors { views: tensors, left_out })
}

impl Machine<'_> {
    /// The only dictionary of tensors among the entries of a checkpoint, and the names of the others;
    /// `None` if there is none.
    fn state_dict_in(&self, items: &[(Value, Value)]) -> Result<Option<(usize, Vec<String>)>> {
        let is_tensor = |(_, value): &(Value, Value)| matches!(value, Value::View(_));
        if items.len() > MAX_ENTRIES || items.iter().all(is_tensor) {
            return Ok(None);
        }
        let name = |value: Value| match value {
            Value::Text(name) => self.texts[name].to_owned(),
            other => other.kind().to_owned(),
        };
        let mut found: Vec<(String, usize)> = Vec::new();
        for (key, value) in items {
            if let Value::Dict(dict) = *value
                && !self.dicts[dict].is_empty()
                && self.dicts[dict].iter().all(is_tensor)
            {
                found.push((name(*key), dict));
            }
        }
        if found.len() > 1 {
            let all: Vec<String> = found.iter().map(|(name, _)| name.clone()).collect();
            found.retain(|(name, _)| USUAL.contains(&name.as_str()));
            ensure!(
                found.len() == 1,
                "expected the tensors of one network, found those of {}; try torch.save(checkpoint[{:?}], \"new.pth\") in Python",
                listed(&all),
                all[0]
            );
        }
        let Some((of, dict)) = found.pop() else { return Ok(None) };
        let others = items.iter().map(|(key, _)| name(*key)).filter(|name| *name != of);
        Ok(Some((dict, others.collect())))
    }

    /// What `value` is, in errors.
    fn kind(&self, value: Value) -> String {
        match value {
            Value::Object(class) => {
                format!("a call for {}; nothing was run", self.classes[class])
            }
            other => other.kind().to_owned(),
        }
    }
}
