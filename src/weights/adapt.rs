//! Weights as other programs name and store them, made those of a network.

use super::Named;
use crate::error::ensure_or;
use anyhow::Result;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::Path;
use tch::Kind;

/// Tensors under a network's names, in f32.
#[derive(Debug)]
pub struct Adapted {
    /// The tensors.
    pub tensors: Named,
    /// What was done to them, for a person: ``names without `module.`, Half as Float``.
    pub said: Option<String>,
}

/// Takes from the names what other programs put before them (`module.`, `model.`, `backbone.`), if that
/// leaves names in `known`, and makes f32 of f16, bf16 and f64. What does not begin like the others is
/// left out, and said. `from` names the file in errors.
///
/// # Errors
/// If there are several networks in it.
pub fn adapt(tensors: &Named, known: &HashSet<String>, from: &Path) -> Result<Adapted> {
    let prefix = prefix(tensors, known, from)?;
    let (mut adapted, mut outside, mut kinds) = (Named::new(), Vec::new(), BTreeSet::new());
    for (name, tensor) in tensors {
        let Some(own) = name.strip_prefix(prefix) else {
            outside.push(name.as_str());
            continue;
        };
        let tensor = match tensor.f_kind()? {
            kind @ (Kind::Half | Kind::BFloat16 | Kind::Double) => {
                kinds.insert(format!("{kind:?} as Float"));
                tensor.f_to_kind(Kind::Float)?
            }
            _ => tensor.shallow_clone(),
        };
        adapted.push((own.to_owned(), tensor));
    }
    let mut said: Vec<String> = Vec::new();
    if !prefix.is_empty() {
        said.push(format!("names without `{prefix}`"));
    }
    said.extend(kinds);
    if let [first, ..] = outside[..] {
        said.push(format!("{} other tensors not used, such as {first}", outside.len()));
    }
    let said = (!said.is_empty()).then(|| said.join(", "));
    Ok(Adapted { tensors: adapted, said })
}

/// What is before most of the `known` names; empty unless that is half of them.
fn prefix<'a>(tensors: &'a Named, known: &HashSet<String>, from: &Path) -> Result<&'a str> {
    let mut votes: BTreeMap<&str, usize> = BTreeMap::new();
    for (name, _) in tensors {
        let dots = name.match_indices('.').map(|(dot, _)| dot + 1);
        for start in [0].into_iter().chain(dots).filter(|&start| known.contains(&name[start..])) {
            *votes.entry(&name[..start]).or_default() += 1;
        }
    }
    let most = votes.values().copied().max().unwrap_or_default();
    let mut best = votes.into_iter().filter(|(_, count)| *count == most).map(|(prefix, _)| prefix);
    let (first, second) = (best.next().unwrap_or_default(), best.next());
    // Parts of names may repeat within a network, as `conv1.weight` in a ResNet's blocks.
    if first.is_empty() || 2 * most < known.len().min(tensors.len()) {
        return Ok("");
    }
    ensure_or!(
        Weights,
        second.is_none(),
        "expected the weights of one network in {}, found them under `{first}` and `{}`; try a file with one of them",
        from.display(),
        second.unwrap_or_default()
    );
    Ok(first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tch::Tensor;

    /// A block's names end like the first convolution's, as in a ResNet.
    const KNOWN: [&str; 4] =
        ["conv1.weight", "bn1.weight", "layer1.0.conv1.weight", "layer1.0.bn1.weight"];

    fn adapted(names: &[String], kind: Kind) -> Result<Adapted> {
        let tensor = || Tensor::from_slice(&[0.5f32, -2.0]).to_kind(kind);
        let tensors: Named = names.iter().map(|name| (name.clone(), tensor())).collect();
        adapt(&tensors, &KNOWN.map(str::to_owned).into(), Path::new("w.ckpt"))
    }

    fn under(prefix: &str) -> Vec<String> {
        KNOWN.map(|name| format!("{prefix}{name}")).to_vec()
    }

    #[test]
    fn what_is_before_every_name_is_taken_off_and_said() {
        for prefix in ["module.", "model.", "backbone.", "module.encoder_q.", "_orig_mod."] {
            let found = adapted(&under(prefix), Kind::Float).unwrap();
            assert_eq!(found.said.unwrap(), format!("names without `{prefix}`"));
            assert!(found.tensors.iter().zip(KNOWN).all(|((name, _), known)| name == known));
        }
        let with_head = [under("model."), vec!["criterion.weight".to_owned()]].concat();
        let said = adapted(&with_head, Kind::Float).unwrap().said.unwrap();
        assert_eq!(
            said,
            "names without `model.`, 1 other tensors not used, such as criterion.weight"
        );
        // Names of this network, or of another: nothing is taken off.
        for names in [under(""), KNOWN[..2].iter().map(|name| format!("{name}.x")).collect()] {
            let found = adapted(&names, Kind::Float).unwrap();
            assert!(found.said.is_none());
            assert_eq!(found.tensors.len(), names.len());
        }
        let both = [under("model."), under("ema.")].concat();
        let error = adapted(&both, Kind::Float).unwrap_err().to_string();
        assert!(error.contains("one network in w.ckpt, found them under `ema.` and `model.`"));
    }

    #[test]
    fn halves_and_doubles_become_floats() {
        for kind in [Kind::Half, Kind::BFloat16, Kind::Double] {
            let found = adapted(&under("module."), kind).unwrap();
            let said = format!("names without `module.`, {kind:?} as Float");
            assert_eq!(found.said.unwrap(), said);
            let expected = Tensor::from_slice(&[0.5f32, -2.0]);
            assert!(found.tensors.iter().all(|(_, tensor)| *tensor == expected));
        }
        let counters = adapted(&under(""), Kind::Int64).unwrap();
        assert_eq!(counters.tensors[0].1.kind(), Kind::Int64);
    }
}
