//! What becomes of the sealed copy when the `KEK` is replaced, wrong, gone or new.

use mintedge::memory::{Counts, FailAt, World};
use mintedge::protocol::keys::kek::Keks;
use mintedge::protocol::objects::control::ControlCommand;

use super::{Deployment, ISSUER, ONE_READ, create, keks};

#[test]
fn while_the_kek_is_replaced_edges_open_what_lies_under_either() {
    let d = Deployment::new();
    let (kid, _) = d.first_token();
    let under_the_first = d.sealed();
    d.world.set_keks(keks(1, &[0]));
    assert_eq!(d.first_token(), (kid.clone(), ONE_READ), "under the one before");
    // What an operator does next: `mintedge keys list`.
    d.world.control(&ControlCommand::Inventory).expect("shown");
    d.world.publish().expect("published");
    assert_ne!(d.sealed(), under_the_first);
    assert_eq!(d.first_token(), (kid.clone(), ONE_READ), "under the new one");
    d.world.set_keks(keks(1, &[]));
    assert_eq!(d.first_token(), (kid.clone(), ONE_READ), "without the one before");
    d.world.set_keks(keks(0, &[1]));
    assert_eq!(d.first_token(), (kid, ONE_READ), "gone back");
}

#[test]
fn with_the_kek_gone_the_copy_goes_too_and_comes_back_with_it() {
    for at in [None, Some(FailAt::BeforeCommit), Some(FailAt::AfterCommit)] {
        let d = Deployment::new();
        let (kid, _) = d.first_token();
        d.world.set_keks(Keks::default());
        assert!(d.world.control(&ControlCommand::Tend).is_err(), "nothing can be opened");
        if let Some(at) = at {
            d.world.fail_next(at);
            assert!(d.world.publish().is_err());
        }
        d.world.publish().expect("published");
        assert_eq!(d.sealed(), None, "{at:?}");
        let before = d.world.counts();
        d.world.publish().expect("published");
        assert_eq!(d.world.counts().since(before), Counts::default(), "once");
        d.world.set_keks(keks(0, &[]));
        d.tend();
        assert_eq!(d.first_token(), (kid, ONE_READ));
    }
}

#[test]
fn a_wrong_kek_publishes_nothing_and_says_so_when_asked() {
    let d = Deployment::new();
    let (kid, _) = d.first_token();
    let before = d.sealed();
    d.world.set_keks(keks(2, &[]));
    assert_eq!(d.token(&d.edge()).status, 500);
    assert!(d.world.control(&ControlCommand::Tend).is_err());
    d.world.publish().expect("published");
    assert_eq!(d.sealed(), before, "nothing has changed");
    d.world.set_keks(keks(2, &[0]));
    d.tend();
    assert_eq!(d.first_token(), (kid, ONE_READ));
}

#[test]
fn a_publication_under_a_wrong_kek_takes_the_copy_away() {
    let d = Deployment::new();
    d.rotate(false);
    d.world.set_keks(keks(2, &[]));
    d.world.publish().expect("published");
    assert_eq!(d.sealed(), None);
}

#[test]
fn a_kek_that_is_set_later_has_the_keys_published() {
    let world = World::new(ISSUER).expect("an issuer");
    world.control(&ControlCommand::Open).expect("opened");
    let client = create(&world, "app");
    world.publish().expect("published");
    let d = Deployment { world, client };
    assert_eq!(d.first_token().1, Counts { control_calls: 1, ..ONE_READ }, "as before");
    d.world.set_keks(keks(0, &[]));
    assert!(d.first_token().1.control_calls == 1 && d.sealed().is_none());
    d.world.publish().expect("published");
    assert_eq!(d.first_token().1, ONE_READ);
}

/// Keys that change while a wrong `KEK` is set are published when the right one is back.
#[test]
fn a_wrong_kek_for_a_moment_leaves_no_edge_without_a_copy() {
    let d = Deployment::new();
    d.rotate(false);
    d.world.set_keks(keks(2, &[]));
    d.world.publish().expect("published");
    assert_eq!(d.sealed(), None);
    d.world.set_keks(keks(0, &[]));
    d.tend();
    assert!(d.sealed().is_some());
    assert_eq!(d.first_token().1, ONE_READ);
}
