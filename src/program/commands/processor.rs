//! What the processor offers, as Linux describes it.

use petite::machine::threads;
use std::collections::BTreeSet;
use std::fs::read_to_string;

/// Features that libtorch's speed depends on, as `/proc/cpuinfo` names them.
const FEATURES: [&str; 5] = ["fma", "avx2", "avx512f", "avx512_bf16", "amx_bf16"];

/// Clock rate where the system does not say, in GHz.
const USUAL_CLOCK: f64 = 2.5;

/// A processor.
#[derive(Debug, Clone, PartialEq)]
pub struct Processor {
    /// Its name.
    pub model: String,
    /// Those of [`FEATURES`] it has.
    pub features: Vec<&'static str>,
    /// Cores that this process may use. Two threads of one core count once.
    pub cores: usize,
    /// Cores of the machine.
    pub all_cores: usize,
    /// Clock rate without boost, in GHz.
    pub clock: f64,
}

impl Processor {
    /// The processor of this machine.
    pub fn current() -> Self {
        let base = "/sys/devices/system/cpu/cpu0/cpufreq/base_frequency";
        let base = read_to_string(base).ok().and_then(|kilohertz| kilohertz.trim().parse().ok());
        let usable = threads::available();
        let described = read_to_string("/proc/cpuinfo").unwrap_or_default();
        Self::described_by(&described, usable, base.map(|kilohertz: f64| kilohertz / 1e6))
    }

    /// The processor that a `/proc/cpuinfo` describes, of which `usable` threads may be used and
    /// whose clock rate is `clock`, if known.
    fn described_by(cpuinfo: &str, usable: usize, clock: Option<f64>) -> Self {
        let values = |key: &'static str| {
            cpuinfo.lines().filter_map(move |line| {
                let (name, value) = line.split_once(':')?;
                (name.trim() == key).then(|| value.trim())
            })
        };
        let flags: BTreeSet<&str> =
            values("flags").next().unwrap_or_default().split_whitespace().collect();
        let threads = values("processor").count().max(usable);
        let cores: BTreeSet<(&str, &str)> = values("physical id").zip(values("core id")).collect();
        let all_cores = if cores.is_empty() { threads } else { cores.len() };
        let megahertz = values("cpu MHz").filter_map(|value| value.parse::<f64>().ok());
        let measured = megahertz.fold(0.0, f64::max) / 1e3;
        Self {
            model: values("model name").next().unwrap_or("unknown").to_owned(),
            features: FEATURES.into_iter().filter(|name| flags.contains(name)).collect(),
            cores: usable.min(all_cores).max(1),
            all_cores,
            clock: clock.or((measured > 0.0).then_some(measured)).unwrap_or(USUAL_CLOCK),
        }
    }

    /// Floating-point operations per cycle that one core at least does: two vectors of eight f32,
    /// each a multiplication and an addition; twice that in bf16.
    pub fn flops_per_cycle(&self, bf16: bool) -> f64 {
        let has = |name| self.features.contains(&name);
        match (bf16, has("avx512_bf16") || has("amx_bf16"), has("fma") && has("avx2")) {
            (true, true, _) => 64.0,
            (_, _, true) => 32.0,
            _ => 8.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two cores of two threads each.
    const CPUINFO: &str = "\
processor\t: 0\nmodel name\t: A Processor\ncpu MHz\t\t: 2000.5\nphysical id\t: 0\ncore id\t\t: 0
flags\t\t: fpu fma avx2 avx512f\n
processor\t: 1\nmodel name\t: A Processor\ncpu MHz\t\t: 3000.0\nphysical id\t: 0\ncore id\t\t: 0\n
processor\t: 2\nmodel name\t: A Processor\ncpu MHz\t\t: 800.0\nphysical id\t: 0\ncore id\t\t: 1\n
processor\t: 3\nmodel name\t: A Processor\ncpu MHz\t\t: 800.0\nphysical id\t: 0\ncore id\t\t: 1\n";

    #[test]
    fn reads_what_linux_says() {
        let found = Processor::described_by(CPUINFO, 4, None);
        assert_eq!(found.model, "A Processor");
        assert_eq!(found.features, ["fma", "avx2", "avx512f"]);
        assert_eq!((found.cores, found.all_cores, found.clock), (2, 2, 3.0));
        assert_eq!([false, true].map(|bf16| found.flops_per_cycle(bf16)), [32.0, 32.0]);
        let limited = Processor::described_by(CPUINFO, 1, Some(2.6));
        assert_eq!((limited.cores, limited.all_cores, limited.clock), (1, 2, 2.6));
    }

    #[test]
    fn knows_little_of_others() {
        let found = Processor::described_by("", 3, None);
        assert_eq!((found.model.as_str(), found.cores, found.clock), ("unknown", 3, USUAL_CLOCK));
        assert_eq!(found.flops_per_cycle(false), 8.0);
        let arm = Processor::described_by("processor : 0\nFeatures : asimd bf16\n", 1, None);
        assert_eq!((arm.features.len(), arm.all_cores), (0, 1));
        let current = Processor::current();
        assert!(current.cores >= 1 && current.clock > 0.0);
    }
}
