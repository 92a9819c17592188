//! Pages: how many rows one has, and where the next begins.

/// How many rows were asked for: 100 unless told, never more than 1000.
pub(super) fn limit(asked: Option<u32>) -> i64 {
    i64::from(asked.unwrap_or(100).clamp(1, 1000))
}

/// The place after which the next page begins; `None` where a page was not full, because then there is no other.
pub(super) fn next<T, P>(rows: &[T], limit: i64, place: impl FnOnce(&T) -> P) -> Option<P> {
    let full = i64::try_from(rows.len()).is_ok_and(|count| count == limit);
    rows.last().filter(|_| full).map(place)
}

#[cfg(test)]
mod tests {
    use super::{limit, next};

    #[test]
    fn only_a_full_page_has_another() {
        assert_eq!((limit(None), limit(Some(0)), limit(Some(5000))), (100, 1, 1000));
        assert_eq!(next(&[3, 4], 2, |n| n * 10), Some(40));
        assert_eq!(next(&[3], 2, |n| n * 10), None);
        assert_eq!(next(&[], 2, |n: &i32| *n), None);
    }
}
