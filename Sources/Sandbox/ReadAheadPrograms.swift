// SPDX-License-Identifier: Apache-2.0
public import FunctionModel

/// What is done for one instance.
public struct ReadAheadUse: Hashable, Sendable {
    /// What its program is known by.
    public var number: UInt32
    /// Whether it may be worth while: not for what is known to read little.
    public var reads: Bool
    /// Whether it is found out with this instance which files that program reads.
    public var records: Bool
}

/// What the launcher knows of the programs that files are read ahead for, and what it decides by that. A pure value: it is told what happened.
public struct ReadAheadPrograms: Sendable {
    /// Programs that are known by a number; one more, and all are forgotten and get new numbers.
    public static let most = 1024
    /// How often a program is tried that ends, or has opened too much, before a list is made of it.
    public static let mostTries = 3

    private struct Name: Hashable {
        var key: String
        var memory: UInt64
    }

    private struct Program {
        var name: Name
        var layers: [Digest]
        var tries = 0
        var isRecording = false
    }

    private var numbers: [Name: UInt32] = [:]
    private var programs: [UInt32: Program] = [:]
    /// Whether each list that there is, is worth reading; ``ReadAheadBounds/lists`` at most.
    private var lists: [String: Bool] = [:]
    /// Until then a program without a list may have one.
    private var isLoaded = false
    /// The number that the next program is to have.
    public private(set) var next: UInt32 = 1

    public init() {}

    /// - Returns: nil for one that has no number.
    public func number(of key: String, memory: UInt64) -> UInt32? { numbers[Name(key: key, memory: memory)] }

    /// Forgets all where there are too many.
    ///
    /// - Returns: those whose recording is to end.
    public mutating func makeRoom() -> [UInt32] {
        guard programs.count >= Self.most else { return [] }
        defer { (numbers, programs) = ([:], [:]) }
        return programs.filter(\.value.isRecording).keys.sorted()
    }

    /// The order that says what ``next`` stands for was taken.
    public mutating func know(_ key: String, memory: UInt64, layers: [Digest]) {
        let name = Name(key: key, memory: memory)
        numbers[name] = next
        programs[next] = Program(name: name, layers: layers)
        next &+= 1
    }

    /// A parked instance is not recorded: nobody knows when its program is executed, if ever, and there are only so many recordings at one time.
    public func use(_ number: UInt32, isParked: Bool) -> ReadAheadUse {
        guard let program = programs[number] else { return ReadAheadUse(number: number, reads: false, records: false) }
        let list = lists[program.name.key]
        return ReadAheadUse(
            number: number, reads: list ?? true,
            records: !isParked && isLoaded && list == nil && !program.isRecording && program.tries < Self.mostTries)
    }

    /// Whether an instance of it can be recorded now: not where another one is.
    public func canBegin(_ number: UInt32) -> Bool { programs[number].map { !$0.isRecording } ?? false }

    /// The order to record it is on its way.
    public mutating func beginTry(_ number: UInt32) {
        programs[number]?.tries += 1
        programs[number]?.isRecording = true
    }

    /// Its recording is over, and nothing came of it.
    public mutating func endTry(_ number: UInt32) { programs[number]?.isRecording = false }

    /// The layer goes, and with it every program and list that has it.
    public mutating func forget(_ layer: Digest) {
        for (number, program) in programs where program.layers.contains(layer) {
            lists[program.name.key] = nil
            numbers[program.name] = nil
            programs[number] = nil
        }
    }

    public mutating func take(_ news: ReadAheadNews) {
        switch news {
        case .loaded: isLoaded = true
        case .failed(let number): endTry(number)
        case .noPlace(let number):
            // It was not looked at, so it is no try.
            if let program = programs[number], program.isRecording { programs[number]?.tries = max(0, program.tries - 1) }
            endTry(number)
        case .gone(let key): lists[key] = nil
        case .list(let key, let isHeavy):
            // There are no more on disk; what tells of more is not what it should be.
            if lists[key] != nil || lists.count < ReadAheadBounds.lists { lists[key] = isHeavy }
            for (number, program) in programs where program.name.key == key {
                programs[number]?.isRecording = false
                programs[number]?.tries = 0
            }
        }
    }
}
