//! A split from its files, as before the first epoch, and its batches, as in every epoch.

mod support;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use petite::data::cache::decode_all;
use petite::data::loader::{Loader, Order};
use petite::keras::Iteration;
use petite::random::Purpose;
use support::{DataSet, TARGET, short};
use tch::Device;

fn loading(criterion: &mut Criterion) {
    let data = DataSet::new();
    let folder = data.split("train");
    let mut group = criterion.benchmark_group("loader");
    group.throughput(Throughput::Elements(folder.samples.len() as u64));
    for threads in [1, 0] {
        let name = if threads == 0 { "cold, a thread a core" } else { "cold, one thread" };
        group.bench_function(name, |bench| {
            bench.iter(|| decode_all(&folder, TARGET, threads, &|| ()).unwrap());
        });
    }
    let order = Order::Shuffled { seed: 1, purpose: Purpose::TrainOrder };
    let pixels = data.pixels("train");
    let mut loader =
        Loader::new(pixels, Device::Cpu, 20, None, order, Iteration::WholePass).unwrap();
    let mut epoch = 0;
    group.bench_function("a pass in batches of 20", |bench| {
        bench.iter(|| {
            for step in 0..loader.steps_per_epoch() {
                std::hint::black_box(loader.batch(epoch, step).unwrap());
            }
            epoch += 1;
        });
    });
    group.finish();
}

criterion_group! { name = benches; config = short(); targets = loading }
criterion_main!(benches);
