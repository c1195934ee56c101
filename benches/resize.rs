//! A decoded picture at the network's size.

mod support;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use petite::pictures::aspect::Fitter;
use petite::pictures::decode::decode;
use petite::pictures::resize::Interpolation;
use support::{DataSet, TARGET, short};

fn resizing(criterion: &mut Criterion) {
    let data = DataSet::new();
    let pictures: Vec<_> = data
        .split("validation")
        .samples
        .iter()
        .map(|sample| {
            decode(&std::fs::read(&sample.path).unwrap(), TARGET.color_mode, TARGET.orientation)
                .unwrap()
        })
        .collect();
    let size = (TARGET.height, TARGET.width);
    let mut out = vec![0; TARGET.bytes()];
    let mut group = criterion.benchmark_group("resize");
    group.throughput(Throughput::Elements(pictures.len() as u64));
    for (name, interpolation) in [
        ("nearest", Interpolation::Nearest),
        ("bilinear", Interpolation::Bilinear),
        ("bicubic", Interpolation::Bicubic),
    ] {
        let mut fitter = Fitter::default();
        group.bench_function(name, |bench| {
            bench.iter(|| {
                for picture in &pictures {
                    fitter.fit(picture, size, TARGET.resize, interpolation, &mut out);
                    std::hint::black_box(&out);
                }
            });
        });
    }
    group.finish();
}

criterion_group! { name = benches; config = short(); targets = resizing }
criterion_main!(benches);
