# A connection to somebody on the engine's network, to its gateway, and to an address of the internet that nobody has.
saw = []
for address, port in ((facts["peer"], facts["port"]), (facts["gateway"], 1), ("192.0.2.1", 80)):
    try:
        socket.create_connection((address, port), 2).close()
        breach("connected to %s:%s" % (address, port))
    except ConnectionRefusedError:
        # Somebody has answered, if only with a no.
        breach("%s answered" % address)
    except OSError as error:
        saw.append(name_of(error))
held(", ".join(sorted(set(saw))))
