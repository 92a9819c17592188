//! The VICIdial connector, from outside: every recorded exchange, the client's manners, the floor.

mod exchanges;
