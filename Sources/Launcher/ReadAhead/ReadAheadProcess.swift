// SPDX-License-Identifier: Apache-2.0
import FunctionModel
import Glibc
import LinuxSystem
import Sandbox

/// `swiftlet-ahead`: finds out which files programs read until they are ready, and has those read that a start finds missing in the page cache.
///
/// A process of its own beside the launcher, since it waits for disks.
public final class ReadAheadProcess {
    /// Recordings at one time.
    private static let mostRecordings = 16
    /// Files of a list that are looked at to tell whether the page cache has lost them.
    private static let samples = 12
    /// Starts within this time of a look are not looked at.
    private static let lookInterval: UInt64 = 20_000_000
    private static let mostKnown = 2048

    private struct Program {
        var key: String
        var layers: [Digest]
        /// Bytes that are read ahead for one start, at most.
        var memory: UInt64
        var lastLook: UInt64 = 0
    }

    private let folders: (layers: Descriptor.Box, lists: Descriptor.Box)
    private let files: LayerFiles
    private var lists: ReadLists
    private var programs: [UInt32: Program] = [:]
    private var recordings: [UInt32: FileRecording] = [:]
    private let poller: Poller
    private var buffer = [UInt8](repeating: 0, count: ReadAheadBounds.message)

    /// Whether the launcher's file was executed to be this.
    public static func isMeant(_ arguments: [String]) -> Bool { arguments == [ReadAheadPlan.name] }

    /// - Throws: `SystemCallError`; a launcher that has gone is no error.
    public static func run() throws {
        try OwnProcess.forbidInspection()
        try OwnProcess.setName(ReadAheadPlan.name)
        try ReadAheadProcess().run()
    }

    private init() throws(SystemCallError) {
        let layers = Descriptor.Box(try openDirectory(currentDirectory, ReadAheadPlan.layers))
        folders = (layers, Descriptor.Box(try openDirectory(currentDirectory, ReadAheadPlan.lists)))
        files = LayerFiles(folder: layers.number)
        var found: [ReadAheadNews] = []
        lists = try ReadLists(
            folder: folders.lists.number,
            // access(2) would ask as if it had no capabilities.
            isThere: { (try? openAt(layers.number, $0.hex, flags: OpenFlags.path | O_DIRECTORY | O_NOFOLLOW)) != nil },
            found: { found.append(.list(key: $0, isHeavy: $1.isHeavy)) })
        poller = try Poller()
        for news in found + [.loaded] { try tell(news) }
        try poller.add(ReadAheadPlan.socket, token: 0)
    }

    private func run() throws(SystemCallError) {
        while true {
            for ready in try poller.wait(milliseconds: nil) {
                if ready.token == 0 {
                    if try !takeOrders() { return }
                } else if let number = UInt32(exactly: ready.token - 1) {
                    try drain(number)
                }
            }
        }
    }

    private func drain(_ number: UInt32) throws(SystemCallError) {
        guard let recording = recordings[number], let group = recording.group else { return }
        if !recording.drain() { try poller.remove(group.number) }
    }

    /// - Returns: false when the launcher is gone.
    private func takeOrders() throws(SystemCallError) -> Bool {
        while true {
            switch try receiveMessage(ReadAheadPlan.socket, into: &buffer, descriptors: 2 * ReadAheadBounds.processes) {
            case .nothing: return true
            case .end: return false
            case .tooBig: continue
            case .message(let bytes, let descriptors):
                let descriptors = descriptors.map { Descriptor.Box(Descriptor(owning: $0)) }
                guard let order = try? ReadAheadOrder(decoding: bytes) else { continue }
                try follow(order, descriptors)
            }
        }
    }

    private func follow(_ order: ReadAheadOrder, _ descriptors: [Descriptor.Box]) throws(SystemCallError) {
        switch order {
        case .know(let number, let key, let layers, let memory):
            if programs.count >= Self.mostKnown, let oldest = programs.keys.min() { programs[oldest] = nil }
            programs[number] = Program(key: key, layers: layers, memory: memory)
        case .read(let number): try read(number)
        case .record(let number):
            guard recordings.count < Self.mostRecordings else { return try tell(.noPlace(number: number)) }
            guard let program = programs[number], let group = descriptors.first else { return try tell(.failed(number: number)) }
            recordings[number] = FileRecording(layers: program.layers, group: group)
            try poller.add(group.number, token: UInt64(number) + 1)
        case .look(let number): recordings[number]?.look(descriptors)
        case .finish(let number, let keeps): try finish(number, keeps: keeps, descriptors)
        case .forget(let layer):
            for key in try lists.forget(layer) { try tell(.gone(key: key)) }
            for (number, program) in programs where program.layers.contains(layer) { programs[number] = nil }
        }
    }

    private func finish(_ number: UInt32, keeps: Bool, _ mapped: [Descriptor.Box]) throws(SystemCallError) {
        guard let recording = recordings.removeValue(forKey: number) else { return }
        if let group = recording.group { try poller.remove(group.number) }
        guard keeps, let program = programs[number], program.layers == recording.layers else { return try tell(.failed(number: number)) }
        recording.look(mapped)
        let list = recording.list(files)
        do {
            if let gone = try lists.keep(list, as: program.key) { try tell(.gone(key: gone)) }
            try tell(.list(key: program.key, isHeavy: list.isHeavy))
        } catch {
            writeToStandardError("\(ReadAheadPlan.name): a list is not kept: \(error)")
            try tell(.failed(number: number))
        }
    }

    /// The launcher takes what it is told, and never waits for this process, so this may wait for it.
    private func tell(_ news: ReadAheadNews) throws(SystemCallError) {
        do {
            while try !sendMessage(ReadAheadPlan.socket, news.encoded()) {
                var wait = pollfd(fd: ReadAheadPlan.socket, events: Int16(POLLOUT), revents: 0)
                poll(&wait, 1, -1)
            }
        } catch  where error.errno == EPIPE {}
    }
}

extension ReadAheadProcess {
    private func read(_ number: UInt32) throws(SystemCallError) {
        guard let program = programs[number] else { return }
        let now = monotonicNanoseconds()
        guard now - program.lastLook >= Self.lookInterval else { return }
        programs[number]?.lastLook = now
        guard let list = lists.list(program.key, program.layers) else {
            guard lists.contains(program.key) else { return }
            try lists.remove(program.key)
            return try tell(.gone(key: program.key))
        }
        guard isMissing(list) else { return }
        // What is read here counts for no function, so one start has no more of it than the function could have read itself.
        var budget = min(Self.budget(), program.memory)
        for file in list.files {
            guard budget > 0 else { return }
            guard let opened = files.open(list.layers[file.layer], file.path) else { continue }
            for part in file.parts where budget > 0 {
                let length = min(budget, part.length)
                LayerFiles.readAhead(opened.number, ReadList.Part(offset: part.offset, length: length))
                budget -= length
            }
        }
    }

    /// Whether any of some files, from all over the list, begins with a page that is not in memory.
    private func isMissing(_ list: ReadList) -> Bool {
        let step = max(1, list.files.count / Self.samples)
        for index in stride(from: 0, to: list.files.count, by: step) {
            let file = list.files[index]
            guard let part = file.parts.first, let opened = files.open(list.layers[file.layer], file.path) else { continue }
            let page = UInt64(LayerFiles.pageSize)
            if LayerFiles.resident(opened.number, offset: part.offset / page * page, length: LayerFiles.pageSize) == [false] { return true }
        }
        return false
    }

    /// Bytes that may be read: a quarter of what the kernel can give without taking it from programs.
    private static func budget() -> UInt64 {
        var bytes = [UInt8](repeating: 0, count: 16_384)
        // From the beginning, each time: the kernel counts anew then.
        let count = pread(ReadAheadPlan.memory, &bytes, bytes.count, 0)
        guard count > 0 else { return 0 }
        for line in bytes[..<count].split(separator: 10) where line.starts(with: "MemAvailable:".utf8) {
            let words = line.split(separator: 32)
            if words.count > 1, let kibibytes = UInt64(String(decoding: words[1], as: UTF8.self)) { return kibibytes * 1024 / 4 }
        }
        return 0
    }
}
