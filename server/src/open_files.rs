//! How many files and sockets the system lets this process open at a time, and who may take how many of them.

/// Under which it is said at the start; 1,024 is what many systems give unasked.
const FEW: usize = 4096;
/// What is assumed where it cannot be read.
const USUAL: usize = 1024;

/// The limit that the system set, by `/proc/self/limits` (proc(5)).
pub fn limit() -> usize {
    std::fs::read_to_string("/proc/self/limits").map_or(USUAL, |limits| parsed(&limits))
}

fn parsed(limits: &str) -> usize {
    let soft = limits.lines().find_map(|line| line.strip_prefix("Max open files")?.split_whitespace().next());
    soft.map_or(USUAL, |word| word.parse().unwrap_or(usize::MAX))
}

/// Those of them that may be connections over HTTP: the other half is for calls, whatever strangers do.
pub fn for_http(limit: usize) -> usize {
    (limit / 2).clamp(16, 65_536)
}

/// What to do where they are few.
pub fn warning(limit: usize) -> Option<String> {
    (limit < FEW).then(|| {
        format!(
            "the system lets this server open {limit} files and sockets; a call takes up to three: raise it to 65536 \
             (LimitNOFILE= of the unit, ulimit -n of the shell)"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_soft_limit_counts() {
        let limits = "Limit                     Soft Limit           Hard Limit           Units     \n\
                      Max processes             95900                95900                processes \n\
                      Max open files            1024                 524288               files     \n";
        assert_eq!(parsed(limits), 1024);
        assert!(warning(1024).is_some_and(|said| said.contains("open 1024 files")));
        assert_eq!(for_http(1024), 512);
        let unlimited = "Max open files            unlimited            unlimited            files     \n";
        assert_eq!((parsed(unlimited), warning(usize::MAX)), (usize::MAX, None));
        assert_eq!(for_http(usize::MAX), 65_536);
        assert_eq!(parsed("nothing of the kind"), USUAL);
        assert!(limit() > 0);
    }
}
