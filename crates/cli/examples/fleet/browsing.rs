//! When a device visits which hosts.

use crate::assumptions::{DAY, HOSTS, HOUR, MORE_HOSTS_OF_PAGE, NEXT_PAGE, SECONDS_ON_PAGE, SESSIONS, YEAR};
use crate::random::Random;

/// Tells `visit` each use of a host in a year, as the second and the host, in order of time.
pub(crate) fn year(random: &mut Random, mut visit: impl FnMut(u64, usize)) {
    let popularity = Popularity::new();
    let mut busy_until = 0;
    for hour in 0..YEAR / HOUR {
        let begins = random.happens(SESSIONS[(hour % (DAY / HOUR)) as usize], 1_000);
        let mut now = hour * HOUR + random.below(HOUR);
        if !begins || now < busy_until {
            continue;
        }
        loop {
            for _ in 0..=random.between(MORE_HOSTS_OF_PAGE) {
                visit(now, popularity.draw(random));
            }
            now += random.between(SECONDS_ON_PAGE);
            if !random.happens(NEXT_PAGE, 10) {
                break;
            }
        }
        busy_until = now;
    }
}

/// How often each host is visited.
struct Popularity {
    /// Up to and with each host, in parts of the last one.
    cumulated: Vec<u64>,
}

impl Popularity {
    fn new() -> Self {
        let mut sum = 0;
        let weights = (1..=HOSTS as u64).map(|rank| {
            sum += 1_000_000_000 / rank;
            sum
        });
        Self {
            cumulated: weights.collect(),
        }
    }

    fn draw(&self, random: &mut Random) -> usize {
        let all = self.cumulated.last().copied().unwrap_or(1);
        let place = random.below(all);
        self.cumulated.partition_point(|up_to| *up_to <= place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn visits_are_in_order_of_time_and_the_first_host_is_the_most_popular() {
        let mut visits = vec![0_u64; HOSTS];
        let mut last = 0;
        year(&mut Random::new(3), |now, host| {
            assert!(last <= now && now < YEAR + DAY);
            last = now;
            visits[host] += 1;
        });
        let (first, tenth) = (visits[0], visits[9]);
        assert!(first > 8 * tenth && first < 12 * tenth, "{first} {tenth}");
        assert!(visits.iter().filter(|count| **count > 0).count() > HOSTS / 2);
    }
}
