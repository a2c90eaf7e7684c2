#!/usr/bin/perl
# A harmless drill: what a reverse shell does, with both ends in this program and on loopback. Its shell says one word and ends.
use strict;
use warnings;
use Socket;
use POSIX ();

socket(my $listener, PF_INET, SOCK_STREAM, 6) or die "socket: $!";
bind($listener, sockaddr_in(0, INADDR_LOOPBACK)) or die "bind: $!";
listen($listener, 1) or die "listen: $!";
my ($port) = sockaddr_in(getsockname($listener));

my $child = fork;
if ($child == 0) {
    socket(my $connection, PF_INET, SOCK_STREAM, 6) or die "socket: $!";
    connect($connection, sockaddr_in($port, INADDR_LOOPBACK)) or die "connect: $!";
    POSIX::dup2(fileno($connection), $_) for 0, 1;
    exec "/bin/sh", "-c", "echo drill; exit 0";
}
accept(my $taken, $listener) or die "accept: $!";
my $answer = <$taken> // "";
waitpid($child, 0);
my $signal = $? & 127;
print $signal ? "the drill's shell was ended by signal $signal\n" : "the drill's shell answered: $answer";
