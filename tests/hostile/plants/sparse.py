# A file of 500 GB that takes no room here.
with open("sparse.img", "wb") as file:
    file.truncate(500 * 10**9)
planted("sparse.img")
