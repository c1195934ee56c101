//! Copying weights into a network, after checking all of them.

use crate::error::fault;
use anyhow::Result;
use std::collections::HashMap;
use std::path::Path;
use tch::{Kind, Tensor};

/// Faults that an error lists; further ones are counted.
const LISTED: usize = 12;

/// Names that an error lists when none of them is known.
const NAMED: usize = 3;

/// A tensor that a network has: its name, shape and type.
pub type Expected = (String, Vec<i64>, Kind);

/// Copies `source` into `destination`, matched by name. `from` names the source in errors.
///
/// # Errors
/// If a name is missing, superfluous or duplicate, a shape or type differs, or a value is not finite
/// or no variance; nothing is changed then.
pub fn assign(
    destination: &[(String, Tensor)],
    source: &[(String, Tensor)],
    from: &Path,
) -> Result<()> {
    let expected: Vec<Expected> = destination
        .iter()
        .map(|(name, tensor)| (name.clone(), tensor.size(), tensor.kind()))
        .collect();
    if let Some(faults) = faults(&expected, source) {
        fault!(
            Weights,
            "expected the weights of this network in {}, found {faults}; try the run's own weights",
            from.display()
        );
    }
    if let Some(unusable) = unusable(source)? {
        fault!(
            Weights,
            "expected finite weights in {}, found {unusable}; try weights from before training diverged, or another copy",
            from.display()
        );
    }
    let by_name: HashMap<&str, &Tensor> =
        source.iter().map(|(name, tensor)| (name.as_str(), tensor)).collect();
    tch::no_grad(|| {
        for (name, to) in destination {
            to.shallow_clone().f_copy_(by_name[name.as_str()])?;
        }
        Ok(())
    })
}

/// The first of `tensors` with values that no network computes with: `NaN or infinity in 3 of 864
/// values of conv1.weight`.
///
/// # Errors
/// If libtorch is out of memory.
pub fn unusable(tensors: &[(String, Tensor)]) -> Result<Option<String>> {
    for (name, tensor) in tensors {
        let count =
            |wrong: Tensor| Ok::<_, anyhow::Error>(wrong.f_sum(Kind::Int64)?.f_int64_value(&[])?);
        let values = tensor.numel();
        let found = count(tensor.f_isfinite()?.f_logical_not()?)?;
        if found > 0 {
            return Ok(Some(format!("NaN or infinity in {found} of {values} values of {name}")));
        }
        if name.ends_with(".running_var") && count(tensor.f_lt(0.0)?)? > 0 {
            return Ok(Some(format!("a negative variance in {name}")));
        }
    }
    Ok(None)
}

/// What keeps `found` from being the tensors of `expected`, whose order is that of the layers: `others:
/// a.weight is missing`. `None` if nothing does.
pub(crate) fn faults(expected: &[Expected], found: &[(String, Tensor)]) -> Option<String> {
    let mut by_name = HashMap::new();
    let mut faults = Vec::new();
    for (name, tensor) in found {
        if by_name.insert(name.as_str(), tensor).is_some() {
            faults.push(format!("{name} occurs twice"));
        }
    }
    let mut of_last = Vec::new();
    let last = expected.last().and_then(|(name, ..)| name.rsplit_once('.'));
    let is_last = |name: &str| {
        last.is_some_and(|(last, _)| name.rsplit_once('.').is_some_and(|(layer, _)| layer == last))
    };
    let mut missing = Vec::new();
    for (name, shape, kind) in expected {
        match by_name.get(name.as_str()) {
            None => missing.push(name),
            Some(tensor) if tensor.size() != *shape || tensor.kind() != *kind => {
                let (found, known) = (tensor.size(), tensor.kind());
                // The units of the last layer are the classes.
                if is_last(name) && known == *kind && found.get(1..) == shape.get(1..) {
                    of_last.push(format!("{} instead of {}", found[0], shape[0]));
                }
                faults.push(format!("{name} is {known:?} {found:?} instead of {kind:?} {shape:?}"));
            }
            Some(_) => {}
        }
    }
    let known = |name: &str| expected.iter().any(|(known, ..)| known == name);
    let unknown: Vec<&str> = by_name.keys().copied().filter(|name| !known(name)).collect();
    if missing.len() == expected.len() && !expected.is_empty() {
        let names: Vec<&str> = found.iter().take(NAMED).map(|(name, _)| name.as_str()).collect();
        let more = if found.len() > NAMED { ", …" } else { "" };
        return Some(format!(
            "none of its {} tensors, such as {}, but {}{more}",
            expected.len(),
            expected[0].0,
            names.join(", ")
        ));
    }
    if let [units, ..] = of_last.as_slice()
        && of_last.len() == faults.len()
        && missing.is_empty()
        && unknown.is_empty()
    {
        return Some(format!(
            "another number of classes, {units} units of the last layer: {}",
            faults.join(", ")
        ));
    }
    faults.extend(missing.iter().map(|name| format!("{name} is missing")));
    let unknown = found.iter().filter(|(name, _)| unknown.contains(&name.as_str()));
    faults.extend(unknown.map(|(name, _)| format!("{name} is not part of it")));
    let more = faults.len().saturating_sub(LISTED);
    faults.truncate(LISTED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    (!faults.is_empty()).then(|| format!("others: {}{more}", faults.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str, values: &[f32]) -> (String, Tensor) {
        (name.to_owned(), Tensor::from_slice(values))
    }

    #[test]
    fn what_no_network_computes_with_is_refused_by_name_and_nothing_changes() {
        let network = [of("a.weight", &[1.0, 2.0]), of("norm.running_var", &[1.0])];
        for (weight, variance, reason) in [
            ([f32::NAN, 2.0], 1.0, "found NaN or infinity in 1 of 2 values of a.weight; try"),
            ([f32::NEG_INFINITY, f32::INFINITY], 1.0, "in 2 of 2 values of a.weight"),
            ([3.0, 4.0], f32::INFINITY, "values of norm.running_var"),
            ([3.0, 4.0], -0.5, "a negative variance in norm.running_var"),
        ] {
            let source = [of("a.weight", &weight), of("norm.running_var", &[variance])];
            let error = assign(&network, &source, Path::new("w.ot")).unwrap_err().to_string();
            assert!(error.starts_with("expected finite weights in w.ot, found "), "{error}");
            assert!(error.contains(reason), "{error}");
            assert_eq!(network[0].1, Tensor::from_slice(&[1.0f32, 2.0]));
        }
    }

    #[test]
    fn the_cause_is_named_and_lists_are_bounded() {
        let expected: Vec<Expected> =
            (0..40).map(|index| (format!("layer{index}.weight"), vec![2], Kind::Float)).collect();
        let found = |name: fn(usize) -> String, sizes: fn(usize) -> i64| -> Vec<(String, Tensor)> {
            let tensor = |index| Tensor::zeros([sizes(index)], (Kind::Float, tch::Device::Cpu));
            (0..40).map(|index| (name(index), tensor(index))).collect()
        };
        let own = |index| format!("layer{index}.weight");
        assert_eq!(faults(&expected, &found(own, |_| 2)), None);
        let none = faults(&expected, &found(|index| format!("features.{index}.weight"), |_| 2));
        assert_eq!(
            none.unwrap(),
            "none of its 40 tensors, such as layer0.weight, but features.0.weight, features.1.weight, features.2.weight, …"
        );
        let classes = faults(&expected, &found(own, |index| if index == 39 { 1000 } else { 2 }));
        assert_eq!(
            classes.unwrap(),
            "another number of classes, 1000 instead of 2 units of the last layer: layer39.weight is Float [1000] instead of Float [2]"
        );
        let others = faults(&expected, &found(own, |_| 3)).unwrap();
        assert!(others.starts_with("others: layer0.weight is Float [3] instead of Float [2], "));
        assert!(others.ends_with(" and 28 more"), "{others}");
    }
}
