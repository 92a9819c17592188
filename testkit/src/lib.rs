//! Real servers, protocol stand-ins and a terminal driver for Dialdeck's tests.
//!
//! What the tests talk to comes from Debian's packages, unpacked into a folder of the cache and started on ports of
//! its own; the machine stays as it was.

pub mod asterisk;
pub mod daemon;
pub mod dialpad;
pub mod image;
pub mod lab;
pub mod mariadb;
pub mod moonshine;
pub mod packages;
pub mod page;
pub mod people;
pub mod picture;
pub mod postgres;
pub mod s3;
pub mod speech;
pub mod terminal;
pub mod tools;
pub mod vicidial;
pub mod voices;
pub mod wait;
