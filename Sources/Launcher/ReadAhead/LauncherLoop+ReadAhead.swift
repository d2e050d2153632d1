// SPDX-License-Identifier: Apache-2.0
import LinuxSystem
import Sandbox

extension LauncherLoop {
    /// Milliseconds after listen(2) until which what a program reads counts: the first answer is among it.
    static let recordingTime: UInt64 = 500

    /// The program is held until it is told which files it opens. Where that cannot be, it goes on without.
    func beginRecording(_ instance: Instance) {
        guard let use = instance.reading, use.records else { return }
        do {
            if let ahead, try ahead.record(use, process: instance.process.number) { return }
            instance.reading = nil
        } catch {
            instance.reading = nil
            log("which files \(instance.id) reads is not seen: \(error)")
        }
    }

    /// It listens, and answers soon.
    func endRecordingSoon(_ instance: Instance, _ number: UInt32) {
        guard let use = instance.reading, use.records else { return }
        ahead?.look(use)
        after(milliseconds: Self.recordingTime, .endRecording(number))
    }

    func endRecording(_ number: UInt32, keeps: Bool) {
        guard let instance = instances[number], let use = instance.reading, use.records else { return }
        instance.reading = nil
        ahead?.finish(use, keeps: keeps)
    }

    func aheadTold() throws(SystemCallError) {
        guard let ahead, try !ahead.receive() else { return }
        log("swiftlet-ahead: \(try ahead.failure()); files are not read ahead until the host is started anew")
        try poller.remove(ahead.socket.number)
        try ahead.process.signal(9)
        try poller.add(ahead.process.number, token: Self.token(.aheadProcess, 0))
        (self.ahead, aheadGone) = (nil, ahead)
    }

    func aheadEnded() throws(SystemCallError) {
        guard let gone = aheadGone, try gone.process.reap() != nil else { return }
        try poller.remove(gone.process.number)
        aheadGone = nil
    }
}
