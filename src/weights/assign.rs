//! Copying weights into a network, once all of them have proved to fit.

use crate::error::fault;
use anyhow::Result;
use std::collections::HashMap;
use std::path::Path;
use tch::Tensor;

/// Copies `source` into `destination`, matched by name. `from` names the source in errors.
///
/// # Errors
/// If a name is missing or left over, or a shape or type differs: all of it is checked before the
/// first value changes.
pub fn assign(
    destination: &[(String, Tensor)],
    source: &[(String, Tensor)],
    from: &Path,
) -> Result<()> {
    let by_name: HashMap<&str, &Tensor> =
        source.iter().map(|(name, tensor)| (name.as_str(), tensor)).collect();
    let mut pairs = Vec::with_capacity(destination.len());
    let mut faults = Vec::new();
    for (name, to) in destination {
        match by_name.get(name.as_str()) {
            None => faults.push(format!("{name} is missing")),
            Some(tensor) if tensor.size() != to.size() || tensor.kind() != to.kind() => {
                faults.push(format!(
                    "{name} is {:?} {:?} instead of {:?} {:?}",
                    tensor.kind(),
                    tensor.size(),
                    to.kind(),
                    to.size()
                ));
            }
            Some(tensor) => pairs.push((to, *tensor)),
        }
    }
    for (name, _) in source {
        if !destination.iter().any(|(known, _)| known == name) {
            faults.push(format!("{name} is not part of the network"));
        }
    }
    if !faults.is_empty() {
        fault!(
            Weights,
            "expected the weights of this network in {}, found others: {}; try the run's own weights",
            from.display(),
            faults.join(", ")
        );
    }
    tch::no_grad(|| {
        for (to, tensor) in pairs {
            to.shallow_clone().f_copy_(tensor)?;
        }
        Ok(())
    })
}
