//! Stopping work in its midst: a flag that anyone may set, and checkpoints in the loops that may take long.

use crate::error::{Error, Result};
use std::cell::RefCell;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;

/// A flag by which anyone may stop a computation; clones share it.
#[derive(Clone, Debug, Default)]
pub struct CancelToken(Arc<AtomicBool>);

impl CancelToken {
    /// A token that is not set.
    pub fn new() -> CancelToken {
        CancelToken::default()
    }

    /// Stops the computations that were given the token: no further task begins, and those that run end at their next
    /// [`checkpoint`].
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether [`CancelToken::cancel`] was called.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

thread_local! {
    /// What stops the work that this thread is at. Not handed down to each loop: decoders know nothing of computations.
    static CURRENT: RefCell<Option<CancelToken>> = const { RefCell::new(None) };
}

/// Does `work`, whose checkpoints look at `token`.
pub fn within<T>(token: &CancelToken, work: impl FnOnce() -> T) -> T {
    /// Puts back what was there before, whatever becomes of the work.
    struct Before(Option<CancelToken>);
    impl Drop for Before {
        fn drop(&mut self) {
            CURRENT.replace(self.0.take());
        }
    }
    let _before = Before(CURRENT.replace(Some(token.clone())));
    work()
}

/// Where work may be stopped: called every few milliseconds by what takes longer.
///
/// # Errors
/// An interruption if the thread's work is [`within`] a token that is set.
pub fn checkpoint() -> Result<()> {
    if CURRENT.with_borrow(|token| token.as_ref().is_some_and(CancelToken::is_cancelled)) {
        return Err(Error::interrupted("the computation was stopped"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_is_stopped_by_the_token_it_is_within_and_by_no_other() {
        let (outer, inner) = (CancelToken::new(), CancelToken::new());
        outer.cancel();
        assert!(checkpoint().is_ok());
        within(&outer, || {
            assert!(checkpoint().unwrap_err().is_interrupted());
            within(&inner, || assert!(checkpoint().is_ok()));
            let panicked = std::panic::catch_unwind(|| within(&CancelToken::new(), || panic!("a task")));
            assert!(panicked.is_err() && checkpoint().is_err());
        });
        assert!(checkpoint().is_ok());
    }
}
