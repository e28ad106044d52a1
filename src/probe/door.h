// Refuses requests at the server's door: on a connection that was accepted, before the server reads
// it. A refusal by the app's WSGI callable costs the server's parsing, its pass to a thread and its
// answer, 0.4 to 0.9 ms of CPU; one at the door a tenth of that. So under overload the kernel's
// accept queue can be drained fast enough for whoever is critical to find room in it.
//
// Decides as the gate does (gate.h), and leaves everything to it that is not plain: see
// request_head.h. Works on TCP connections in clear text, where the process serves one Flask app.
#pragma once

namespace stirbar {

// Whether the door is to be watched at all: a shed level or a shorter accept queue is ordered, and
// admission is on. Threads: any. Time: three loads.
bool DoorIsWatched() noexcept;

// True: the request that waits on the socket `descriptor` was refused: it is answered and counted,
// and the caller closes the connection. False: nothing was read, serve it.
// Threads: with the interpreter lock held, which is not given up. Time: two system calls where it
// is let in, five where it is refused; none of them blocks.
bool RefuseAtDoor(int descriptor) noexcept;

}  // namespace stirbar
