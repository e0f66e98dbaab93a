//! A full internet table: prefix lengths as in the default-free zone of 2025
//! (<https://bgp.potaroo.net>), runs of adjacent prefixes, more-specifics, and eight nexthops
//! that neighbouring prefixes mostly share. The same every time.

use std::collections::BTreeSet;
use std::net::IpAddr;

/// Prefixes of each length in a table of a million IPv4 routes.
const V4: &[(u8, usize)] = &[
    (8, 16),
    (9, 13),
    (10, 40),
    (11, 105),
    (12, 300),
    (13, 600),
    (14, 1_200),
    (15, 2_100),
    (16, 13_500),
    (17, 8_400),
    (18, 14_000),
    (19, 26_000),
    (20, 45_000),
    (21, 52_000),
    (22, 112_000),
    (23, 104_000),
    (24, 620_726),
];

/// Prefixes of each length in a table of 200,000 IPv6 routes.
const V6: &[(u8, usize)] = &[
    (20, 10),
    (22, 12),
    (24, 40),
    (26, 30),
    (28, 200),
    (29, 5_200),
    (30, 700),
    (31, 350),
    (32, 25_000),
    (33, 3_600),
    (34, 3_000),
    (35, 1_600),
    (36, 9_000),
    (37, 800),
    (38, 2_300),
    (39, 1_500),
    (40, 16_500),
    (41, 1_200),
    (42, 5_500),
    (43, 1_500),
    (44, 20_500),
    (45, 3_000),
    (46, 8_500),
    (47, 5_500),
    (48, 84_458),
];

/// First octets that are not in the table: private, loopback, multicast and so on.
const NOT_IN_THE_TABLE: [u8; 8] = [0, 10, 100, 127, 169, 172, 192, 198];

/// The blocks of the registries, and how often each is met.
const REGISTRIES: [u16; 6] = [0x2001, 0x2400, 0x2600, 0x2800, 0x2a00, 0x2c00];

/// One route.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// Network address.
    pub address: IpAddr,
    /// Prefix length.
    pub length: u8,
    /// Number of the nexthop, 0 to 7.
    pub nexthop: u8,
}

/// Marsaglia's xorshift64*, for numbers that are the same every time.
#[derive(Debug)]
pub struct Random(u64);

impl Random {
    /// Numbers that follow from `seed`.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed | 1)
    }

    /// The next number.
    pub const fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// A number below `limit`.
    pub const fn below(&mut self, limit: usize) -> usize {
        (self.next() >> 11) as usize % limit
    }

    /// True so many times out of a hundred.
    pub const fn percent(&mut self, chance: usize) -> bool {
        self.below(100) < chance
    }
}

/// A table of this many routes, sorted.
#[must_use]
pub fn generate(v4: usize, v6: usize) -> Vec<Entry> {
    let mut random = Random::new(20_250_307);
    let mut table = family(&mut random, V4, v4, 32, |random| {
        loop {
            let address = random.next() as u32;
            let first = (address >> 24) as u8;
            if first < 224 && !NOT_IN_THE_TABLE.contains(&first) {
                return u128::from(address);
            }
        }
    });
    table.extend(family(&mut random, V6, v6, 128, |random| {
        let registry = u128::from(REGISTRIES[random.below(REGISTRIES.len())]);
        registry << 112 | u128::from(random.next() & 0x000f_ffff_ffff_ffff) << 48
    }));
    table.sort_unstable();
    table
}

fn family(
    random: &mut Random,
    lengths: &[(u8, usize)],
    wanted: usize,
    width: u8,
    anywhere: impl Fn(&mut Random) -> u128,
) -> Vec<Entry> {
    let total: usize = lengths.iter().map(|(_, count)| count).sum();
    let mut table: Vec<Entry> = Vec::with_capacity(wanted);
    let mut seen = BTreeSet::new();
    for (position, (length, count)) in lengths.iter().enumerate() {
        let is_last = position + 1 == lengths.len();
        let goal = if is_last { wanted } else { table.len() + count * wanted / total };
        let shorter = table.len();
        let step = 1_u128 << (width - length);
        let (mut address, mut nexthop, mut in_run) = (0_u128, 0, false);
        while table.len() < goal {
            in_run = in_run && random.percent(60);
            if in_run {
                address += step;
            } else if shorter > 0 && random.percent(53) {
                // Inside a shorter prefix, mostly by the same way.
                let parent = table[random.below(shorter)];
                let inside = (u128::from(random.next()) << 64 | u128::from(random.next()))
                    & ((1_u128 << (width - parent.length)) - 1);
                address = number(parent.address) | inside;
                nexthop = if random.percent(60) { parent.nexthop } else { random.below(8) as u8 };
            } else {
                address = anywhere(random);
                nexthop = random.below(8) as u8;
            }
            address &= !(step - 1);
            let is_valid = width == 128 || (address >> 24) < 224;
            in_run = is_valid && seen.insert((address, *length));
            if in_run {
                if random.percent(8) {
                    nexthop = random.below(8) as u8;
                }
                let address = if width == 32 {
                    IpAddr::V4((address as u32).into())
                } else {
                    IpAddr::V6(address.into())
                };
                table.push(Entry { address, length: *length, nexthop });
            }
        }
    }
    table
}

fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => u128::from(u32::from(v4)),
        IpAddr::V6(v6) => v6.into(),
    }
}

/// Puts the routes of each family in a random order, the same every time.
pub fn shuffle(table: &mut [Entry]) {
    let mut random = Random::new(7);
    let split = table.partition_point(|entry| entry.address.is_ipv4());
    let (v4, v6) = table.split_at_mut(split);
    for part in [v4, v6] {
        for last in (1..part.len()).rev() {
            part.swap(last, random.below(last + 1));
        }
    }
}
