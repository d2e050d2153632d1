// SPDX-License-Identifier: Apache-2.0
internal import CoreMetrics
internal import FunctionLog
internal import FunctionModel
internal import LauncherClient
internal import Logging
internal import NIOCore
internal import Synchronization

/// What all activators of one host share.
final class HostContext: Sendable {
    let options: ActivationOptions
    let launcher: any InstanceLauncher
    let log: any InstanceLogSink
    let loops: any EventLoopGroup
    let clock: HostClock
    let random: @Sendable () -> UInt64
    let logger: Logger
    let meter: InstanceMeter
    let parking: ParkedInstances
    /// Who gives up a place where there is none left.
    let room = HostRoom()
    /// Closes what an event loop of the gateway, given by its number, holds of an instance.
    let closer = Mutex<(@Sendable (Int, ActiveInstance) -> Void)?>(nil)
    private let places: Mutex<HostPlaces>
    /// Instances on their way to readiness or to their end.
    private let unsettled = Atomic<Int>(0)
    /// Instances that the kernel ended for want of memory, by function, since the host started.
    private let outOfMemory = Mutex<[String: Int]>([:])
    private let observers = Mutex<[@Sendable (ActiveInstance) -> Void]>([])

    init(
        options: ActivationOptions, launcher: any InstanceLauncher, log: any InstanceLogSink, loops: any EventLoopGroup, clock: HostClock,
        random: @escaping @Sendable () -> UInt64, metrics: any MetricsFactory, logger: Logger
    ) {
        self.options = options
        self.launcher = launcher
        self.log = log
        self.loops = loops
        self.clock = clock
        self.random = random
        self.logger = logger
        meter = InstanceMeter(factory: metrics)
        places = Mutex(HostPlaces(maximum: options.maximumInstances))
        var limits = ParkingState.Limits()
        limits.all = options.parkedInstances
        let parking = ParkedInstances(limits: limits, launcher: launcher, clock: clock)
        self.parking = parking
        launcher.observeMemoryPressure { [weak parking] in parking?.pressure() }
        // Versions that are called no more hold on to nothing, also where no other is called either.
        if options.parkedInstances > 0 {
            loops.any().scheduleRepeatedTask(initialDelay: .minutes(1), delay: .minutes(1)) { [weak parking] task in
                if let parking { parking.tick() } else { task.cancel() }
            }
        }
    }

    /// Keeps places of the host for functions that have reserved them.
    func reservePlaces(_ instances: [String: Int]) { places.withLock { $0.reserve(instances) } }

    /// Takes one of the host's places for an instance.
    func takePlace(for function: String) -> Bool { places.withLock { $0.take(for: function) } }

    /// Gives a place back that no ``ActiveInstance`` had.
    func releasePlace(of function: String) {
        places.withLock { $0.giveBack(of: function) }
        room.placeIsFree { function in places.withLock { $0.hasRoom(for: function) } }
    }

    /// Asks another function to give up an instance for this one.
    ///
    /// - Returns: false where none has any to give.
    func makeRoom(for activator: FunctionActivator) -> Bool {
        let (places, function) = (places.withLock { $0 }, activator.version.key.function)
        return room.make(for: activator, isEntitled: places.isBelowReserve(function)) {
            places.isUseful(from: $0.version.key.function, to: function)
        }
    }

    /// An instance begins to start or to end; each is told once more by ``settled()``.
    func unsettle() { unsettled.add(1, ordering: .relaxed) }
    func settled() { unsettled.subtract(1, ordering: .relaxed) }

    /// How many move, at least one.
    var onTheirWay: Int { max(1, unsettled.load(ordering: .relaxed)) }

    /// Whether nothing on this host moves but the one instance that asks, so that a processor has nothing better to do than to wait for it without a
    /// pause. Where more are on their way each needs the processors itself.
    var isQuiet: Bool { unsettled.load(ordering: .relaxed) <= 1 && parking.preparing == 0 }

    /// An instance has ended: its place is free, and whoever holds connections to it is told.
    func instanceEnded(_ instance: ActiveInstance) {
        releasePlace(of: instance.version.key.function)
        for observer in observers.withLock({ $0 }) { observer(instance) }
    }

    func observeEnds(_ observer: @escaping @Sendable (ActiveInstance) -> Void) { observers.withLock { $0.append(observer) } }

    func newRequestID() -> RequestID {
        var random = RandomSource(next: random)
        return RequestID(seconds: clock.unixMilliseconds() / 1000, using: &random)
    }

    func countOutOfMemory(_ function: String) { outOfMemory.withLock { $0[function, default: 0] += 1 } }

    func outOfMemoryEnds() -> [String: Int] { outOfMemory.withLock { $0 } }

    func newInstanceID() -> InstanceID {
        var random = RandomSource(next: random)
        return InstanceID(seconds: clock.unixMilliseconds() / 1000, using: &random)
    }
}

/// Makes a generator of a closure.
private struct RandomSource: RandomNumberGenerator {
    let nextValue: @Sendable () -> UInt64

    init(next: @escaping @Sendable () -> UInt64) { nextValue = next }

    mutating func next() -> UInt64 { nextValue() }
}
