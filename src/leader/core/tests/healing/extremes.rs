//! Settings as no sane person sets them: whatever they are, the leader goes on.

use super::*;

#[test]
fn no_value_of_a_setting_ends_the_leader() {
    let keys: Vec<&'static str> = {
        let settings = crate::config::Config::default().settings();
        settings.into_iter().map(|setting| setting.key).collect()
    };
    for key in keys {
        for value in ["0", "1", "18446744073709551615", "-1", "1e308", "true"] {
            let mut world = cluster(4, 3);
            let set = world.ask(Request::SetConfig {
                key: key.to_owned(),
                value: value.to_owned(),
                persistent: false,
            });
            if set.is_err() {
                continue;
            }
            let all = world.backends();
            let home = world.homes(world.tablets()[0])[0];
            let living: Vec<BackendId> = all.into_iter().filter(|id| *id != home).collect();
            let address = world.core.head.backends[&home].clone();
            // It may be refused; the question is whether the leader survives.
            let _ = world.ask(Request::Heal(HealRequest::Decommission {
                backends: vec![(address.host.clone(), address.port)],
                on: true,
            }));
            let _ = world.begin("l");
            world.dead(home);
            world.wait(30, &living);
            world.check();
        }
    }
}
